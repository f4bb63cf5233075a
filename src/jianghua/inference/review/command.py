"""`jianghua review OUT`: a local page on which an analyst confirms or corrects labels, items and gists."""

from __future__ import annotations

import argparse
import importlib.util
import json
import secrets
import socket
import sys
import webbrowser
from pathlib import Path

from jianghua.codebook import Codebook, find_resource, load_codebook
from jianghua.corpus.rules import RuleLabeller, load_rules
from jianghua.inference.results import read_results
from jianghua.inference.review.agreement import agreements
from jianghua.inference.review.journal import check_coder
from jianghua.inference.review.queue import make_queue
from jianghua.inference.review.session import Session
from jianghua.inference.table import LANGUAGES
from jianghua.schema import InputError

HOST = "127.0.0.1"
NEEDED = ("starlette", "uvicorn", "filelock")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="jianghua review", description=f"{__doc__} 在本机网页上逐段复核并更正标注。")
    result.add_argument("results", type=Path, metavar="OUT",
                        help=".jsonl that analysis wrote, or a folder of them 分析结果")  # fmt: skip
    result.add_argument("--coder", default="coder", help="who reviews; several work blind to each other 复核人")
    result.add_argument("--to", type=Path, metavar="FOLDER", help="for corrections (default: OUT.review) 更正存放处")
    result.add_argument("--agreement", action="store_true", help="print how far coders agree, and end 打印一致性")
    result.add_argument("--codebook", default="zhengfa", help="name or path 编码手册")
    result.add_argument("--language", choices=LANGUAGES, default="zh", help="of the page 界面语言")
    result.add_argument("--port", type=int, default=0, help="default: a free one 端口")
    result.add_argument("--no-browser", action="store_true", help="print the address only 不打开浏览器")
    return result


def folder_for(results: Path) -> Path:
    """`speeches.jsonl` → `speeches.review`, beside it."""
    name = results.resolve().name
    for suffix in (".gz", ".jsonl"):
        name = name.removesuffix(suffix)
    return results.resolve().with_name(f"{name}.review")


def rules_of(codebook: Codebook) -> RuleLabeller | None:
    """The codebook's own rules; None where it has no file of them."""
    try:
        path = find_resource("codebook", f"{codebook.name}_rules.yaml")
    except InputError:
        return None
    return load_rules(path, codebook)


def command(arguments: list[str] | None = None) -> int:
    """Serve the page until Ctrl-C; what was saved by then is all there is.

    Raises:
        InputError: no web library, no results, a coder already at work.
    """
    options = parser().parse_args(arguments)
    check_coder(options.coder)
    codebook, folder = load_codebook(options.codebook), options.to or folder_for(options.results)
    if options.agreement:
        print(json.dumps(agreements(folder, codebook), ensure_ascii=False, indent=2))
        return 0
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        do = "pip install 'jianghua[review]'"
        raise InputError("the libraries of the review page", f"no {', '.join(missing)}", do)
    tasks = make_queue(read_results(options.results, codebook), rules_of(codebook))
    folder.mkdir(parents=True, exist_ok=True)
    from filelock import FileLock, Timeout

    try:
        # The system releases it when the process dies, whatever it dies of.
        with FileLock(folder / f"{options.coder}.lock", timeout=0):
            return _serve(Session(tasks, codebook, folder, options.coder), options)
    except Timeout as error:
        found = f"another page open for {options.coder} in {folder}"
        raise InputError("one page a coder", found, "close that one, or give another --coder") from error


def _serve(session: Session, options: argparse.Namespace) -> int:
    import uvicorn

    from jianghua.inference.review.app import make_app

    token = secrets.token_urlsafe(24)
    app = make_app(session, token, options.language)
    with _listen(options.port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/?token={token}"
        for line in _greeting(session, address):
            print(line, file=sys.stderr, flush=True)
        if not options.no_browser:
            webbrowser.open(address)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise InputError("a free port", f"{port}: {error}", "give another --port, or none") from error
    return listening


def _greeting(session: Session, address: str) -> list[str]:
    lines = [f"{session.coder}: {session.done} of {len(session.tasks)} paragraphs reviewed",
             f"corrections: {session.annotations}", f"open {address}"]  # fmt: skip
    if session.torn:
        lines.insert(0, f"a save cut off by a kill was dropped ({session.torn} bytes; it had never been confirmed)")
    if session.foreign:
        lines.insert(
            0, f"{session.foreign} earlier decisions fit no paragraph of these results; the journal keeps them"
        )
    return lines
