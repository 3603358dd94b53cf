"""What `make check` refuses of the web UI's code, and what it lets through."""

import pytest
from tests.support.literals import UI, faults_below, faults_in

HEAD = 'LOOKS = {"a": "x", "b": "y"}\nROW = ("x", "y")\nNAME = "x"\n'


@pytest.mark.parametrize(
    "line",
    [
        """box.props(f'aria-label="{name}"')""",
        "box.props(name)",
        "box.props(add=name)",
        'box.props("dense " + name)',
        'box.props("dense %s" % name)',
        'box.props("dense {}".format(name))',
        'box.props(*["dense"])',
        "box.props(**more)",
        'box.props(":x=1")',
        'box.props("dense :x=1")',
        'box.classes(f"mc-{tone}")',
        "box.classes(looks[tone])",
        'box.classes(LOOKS.get(tone, f"mc-{tone}"))',
        'box.classes("a" if good else tone)',
        'box.style(f"width: {width}px")',
        'box.style["width"] = width',
        "box.props[name] = 1",
        'box.props[":x"] = text',
        'box.props["innerHTML"] = text',
        'box.props["onclick"] = text',
        "box.props.update(given)",
        'box.props.set_optional("x", text)',
        "box._props = given",
        "ui.html(text, sanitize=False)",
        'ui.html(f"<b>{text}</b>")',
        "box.set_content(text)",
        "box.content = text",
        'box.bind_content_from(other, "text")',
        "ui.markdown(text)",
        "ui.add_head_html(text)",
        'ui.add_head_html(f"<title>{text}</title>")',
        "ui.add_css(text)",
        "ui.element(tag)",
        "TextElement(tag=tag, text=text)",
        "client.run_javascript(text)",
        'client.run_javascript(f"mcShow({number})")',
        'ui.run_javascript("x" + text)',
        'box.on("click", js_handler=text)',
        'box.on("click", js_handler=f"() => mcShow({number})")',
        "scripts.run(client, function, 1)",
        'scripts.handler(f"mc{word}", 1)',
        'table.add_slot("body", template)',
        'table.add_slot("body", f"<td>{text}</td>")',
        "attributed(box, **given)",
        "ui.notify(text, html=True)",
        'class Box(ui.element, default_props=f"x={y}"): ...',
    ],
)
def test_what_writes_a_value_into_a_text_is_refused(line: str) -> None:
    """At its own line."""
    assert {number for number, _ in faults_in(HEAD + line)} == {4}


@pytest.mark.parametrize(
    "line",
    [
        'box.props("dense flat").classes("mc-a mc-b").style("width: 1px")',
        'box.props(add="loading", remove="disable")',
        'box.props("a=1" if good else "a=2")',
        'box.props("dense" + (" use-chips" if several else ""))',
        'box.classes(LOOKS[tone]).classes(LOOKS.get(tone, ""))',
        "box.classes(ROW[number]).classes(NAME)",
        'box.props["aria-label"] = text',
        'box.props["rows"] = max(1, rows)',
        "self._props[self.VALUE_PROP] = text",
        "named(box, text)",
        "attributed(box, title=text, href=address)",
        'sized(box, "flex-grow", number)',
        'ui.element("div")',
        "ui.label(text)",
        "ui.notify(text)",
        "scripts.run(client, 'mcShow', box.id, text)",
        'box.on("click", js_handler=scripts.handler("mcCopy", text))',
        'table.add_slot("body", NAME)',
    ],
)
def test_what_sets_values_passes(line: str) -> None:
    """Literals, tables of literals, and the helpers."""
    assert faults_in(HEAD + line) == []


def test_the_ui_as_it_stands_passes() -> None:
    """And there is something to look at."""
    assert list(faults_below(UI)) == []
    assert len(list(UI.rglob("*.py"))) > 50
