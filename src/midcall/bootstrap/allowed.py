"""What functions may import, as this installation has it: midcall's own list and the operator's file."""

from midcall.bootstrap.settings import BadSetting, Settings
from midcall.review.allowlist import AllowList, BadAllowList, packaged
from midcall.review.extension import extended

#: The packaged list has 10 KB; what is longer by far is another file.
MAX_BYTES = 256 * 1024


def allow_list(settings: Settings) -> AllowList:
    """Return what may be imported; raises BadSetting that names file, entry and cure where the file has a fault.

    Read it once for each process: a file that changes meanwhile counts from the next start.
    """
    path = settings.allowed_modules
    if path is None:
        return packaged()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadSetting(
                f"MIDCALL_ALLOWED_MODULES: {path} is longer than {MAX_BYTES // 1024} KB; is it the right file?"
            )
        return extended(packaged(), data.decode("utf-8"))
    except OSError as error:
        raise BadSetting(
            f"MIDCALL_ALLOWED_MODULES: {path} cannot be read ({error.strerror}); name a TOML file, or unset it"
        ) from error
    except UnicodeDecodeError as error:
        raise BadSetting(
            f"MIDCALL_ALLOWED_MODULES: {path} is not UTF-8 at byte {error.start}; save it as UTF-8"
        ) from error
    except BadAllowList as error:
        raise BadSetting(f"MIDCALL_ALLOWED_MODULES: {path}: {error}") from error
