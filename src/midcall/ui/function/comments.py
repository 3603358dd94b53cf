"""What a review says: on the lines of the source, and as a list beside it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from nicegui import ui

from midcall.domain.run_status import Tone
from midcall.domain.suggestion import applied, snippet
from midcall.ui.function.source import SourceEditor
from midcall.ui.parts.buttons import copy_button
from midcall.ui.parts.status import badge

CommentDocument = Mapping[str, Any]

_ICONS = {"error": "error", "warning": "warning", "info": "info"}
_TONES: Mapping[str, Tone] = {"error": "bad", "warning": "warn", "info": "busy"}
_LOOKS: Mapping[str, str] = {
    "error": "mc-fn-comment mc-fn-comment-error",
    "warning": "mc-fn-comment mc-fn-comment-warning",
    "info": "mc-fn-comment mc-fn-comment-info",
}
#: In the editor: of the place itself, and of its line.
_MARKS = {"error": "mc-mark-error", "warning": "mc-mark-warning", "info": "mc-mark-info"}
_LINES = {"error": "mc-line-error", "warning": "mc-line-warning", "info": "mc-line-info"}
#: Elements of the list: a person mends one after the other.
MAX_SHOWN = 50


class Comments:
    """The list, and the lines of the editor that it is about."""

    def __init__(self, editor: SourceEditor | None, apply: Callable[[str], Awaitable[None]]) -> None:
        self._editor, self._apply = editor, apply
        with ui.element("section").classes("mc-fn-comments").props('aria-label="Review" aria-live="polite"'):
            self._head = ui.element("div").classes("mc-fn-bar")
            self._list = ui.element("ul").classes("mc-fn-comment-list")
        self.none("Not reviewed yet", "Review says what to mend before it can be approved.")

    def none(self, title: str, text: str) -> None:
        """Show that there is no review, and why."""
        self._head.clear()
        self._list.clear()
        with self._head, ui.element("div"):
            ui.label(title).classes("mc-strong")
            ui.label(text).classes("mc-quiet")
        if self._editor is not None:
            self._editor.comment((), {})

    def show(self, review: Mapping[str, Any], source: str | None, *, preview: bool) -> None:
        """Show a review; `source` is the text that the editor was read with."""
        comments: Sequence[CommentDocument] = review["comments"]
        errors = sum(comment["severity"] == "error" for comment in comments)
        self._head.clear()
        with self._head, ui.element("div"):
            ui.label(_verdict(errors, len(comments))).classes("mc-strong")
            about = "of what stands in the editor; nothing is saved" if preview else "of the saved version"
            ui.label(f"Review {about}").classes("mc-quiet")
        self._list.clear()
        with self._list:
            for comment in comments[:MAX_SHOWN]:
                self._item(comment, source)
            if len(comments) > MAX_SHOWN:
                with ui.element("li"):
                    ui.label(f"and {len(comments) - MAX_SHOWN} more, once these are mended").classes("mc-quiet")
        decision = review.get("decision")
        if decision:
            with self._head:
                ui.label(f"{decision['by']}: {decision['text'] or 'no comment'}").classes("mc-quiet")
        if self._editor is not None and source is not None:
            self._editor.comment(*decorations(source, comments))

    def _item(self, comment: CommentDocument, source: str | None) -> None:
        severity = comment["severity"]
        has_line = self._editor is not None and not _is_general(comment)
        with ui.element("li").classes(_LOOKS[severity]):
            with ui.element("div").classes("mc-fn-bar"):
                badge(severity, tone=_TONES[severity])
                if has_line:
                    ui.button(f"Line {comment['line']}", on_click=lambda: self._jump(comment)).props(
                        "flat dense no-caps size=sm color=primary"
                    )
                ui.label(comment["rule"]).classes("mc-quiet mc-code-word")
            ui.label(comment["message"])
            ui.label(comment["suggestion"]).classes("mc-quiet")
            code = snippet(comment["suggestion"])
            mended = applied(source, comment) if source is not None else None
            if code is not None:
                with ui.element("div").classes("mc-fn-bar mc-snippet"):
                    ui.label(code).classes("mc-code-word mc-grow")
                    copy_button(code, what="suggestion")
                    if mended is not None:
                        ui.button("Put it in", on_click=lambda: self._apply(mended)).props(
                            "flat dense no-caps size=sm color=primary"
                        )

    def _jump(self, comment: CommentDocument) -> None:
        if self._editor is not None:
            self._editor.show_line(comment["line"], comment["column"])


def decorations(source: str, comments: Sequence[CommentDocument]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Return CodeMirror's decorations and the tooltips of lines; positions count characters from 0."""
    lines = source.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    worst: dict[int, str] = {}
    marks, tooltips = [], dict[int, str]()
    for comment in sorted(comments, key=lambda each: list(_ICONS).index(each["severity"])):
        line, severity = comment["line"], comment["severity"]
        if _is_general(comment) or line > len(lines):
            continue
        worst.setdefault(line, severity)
        text = f"{severity.capitalize()}: {comment['message']}\n{comment['suggestion']}"
        tooltips[line] = f"{tooltips[line]}\n\n{text}" if line in tooltips else text
        end_line = min(comment["end_line"], len(lines))
        begin = min(starts[line - 1] + comment["column"] - 1, len(source))
        end = min(starts[end_line - 1] + comment["end_column"] - 1, len(source))
        if begin < end:
            marks.append({"kind": "mark", "from": begin, "to": end, "class": _MARKS[severity]})
    whole = [{"kind": "line", "line": line, "class": _LINES[severity]} for line, severity in worst.items()]
    return [*whole, *marks], tooltips


def _is_general(comment: CommentDocument) -> bool:
    """Tell whether a comment belongs to no line."""
    return all(comment[place] == 1 for place in ("line", "column", "end_line", "end_column"))


def _verdict(errors: int, count: int) -> str:
    if errors:
        return f"{errors} {'thing' if errors == 1 else 'things'} to mend"
    return "Nothing to mend" if count == 0 else f"Good, with {count} {'remark' if count == 1 else 'remarks'}"
