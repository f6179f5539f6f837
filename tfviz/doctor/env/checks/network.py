"""Proxies and certificates: whether downloads can get through. Nothing is sent to find out."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from tfviz.doctor.env.machine import Machine, exists
from tfviz.doctor.env.private import own
from tfviz.doctor.env.result import Problem, Result, warning, wrong

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SCHEMES = ("http", "https", "socks4", "socks5", "socks5h", "socks4a")
_PLAIN = re.compile(r"[\w.-]+:\d+/?")
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "WANDB_MODE", "KAGGLE_DISABLE_INTERNET")


def look(machine: Machine) -> Result:
    """Read what the environment says about the way out."""
    problems: list[Problem] = []
    rows: list[tuple[str, str]] = []
    proxies = 0
    for name in _PROXIES:
        small, large = (machine.environ.get(each) for each in (name, name.upper()))
        value = small or large
        if not value:
            continue
        proxies += 1
        rows.append((name, own(_without_password(value), "address")))
        if small and large and small != large:
            problems.append(
                warning(
                    f"{name} and {name.upper()} name different proxies; programs differ in which "
                    f"they read.",
                    machine.shell.set(
                        name.upper(), f"${name}" if machine.system != "Windows" else "..."
                    ),
                )
            )
        problems += _malformed(machine, name if small else name.upper(), value)
    if machine.environ.get("no_proxy") or machine.environ.get("NO_PROXY"):
        rows.append(("no_proxy", "set"))
    problems += _certificates(machine, rows)
    rows += [(name, "set") for name in _OFFLINE if machine.environ.get(name)]
    if proxies:
        return Result(
            f"by a proxy ({proxies} variable{'s' * (proxies > 1)})", tuple(problems), tuple(rows)
        )
    return Result("no proxy is set", tuple(problems), tuple(rows))


def _without_password(value: str) -> str:
    """Whoever looks over the user's shoulder sees no password."""
    return re.sub(r"(//|^)[^/@]*@", r"\1***@", value)


def _malformed(machine: Machine, name: str, value: str) -> list[Problem]:
    asked = own(_without_password(value), "address")
    example = machine.shell.set(name, "http://proxy.example.com:8080")
    net = {"fix": "Write it like this:", "diagnosis": "net.proxy"}
    if value != value.strip() or re.search(r"[\s\"']", value):
        return [wrong(f"{name} holds blanks or quotation marks ({asked}).", example, **net)]
    if _PLAIN.fullmatch(value):
        return []  # host:port, which all take for http
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        return [wrong(f"{name} is no address ({asked}).", example, **net)]
    if parts.scheme not in _SCHEMES or not host:
        return [wrong(f"{name} is no address ({asked}).", example, **net)]
    if parts.scheme == "https" and name.lower() == "https_proxy":
        return [
            warning(
                f"{name} begins with https:// ({asked}). Few proxies speak TLS themselves; with "
                f"others every download ends with WRONG_VERSION_NUMBER.",
                example,
                fix="Nearly all are written with http://, for https too:",
                diagnosis="net.proxy",
            )
        ]
    if parts.scheme.startswith("socks") and machine.distribution("pysocks") is None:
        return [
            warning(
                f"{name} names a SOCKS proxy: pip and requests need PySocks for it, and Keras's "
                f"own downloads can't use it.",
                machine.shell.pip("install", "pysocks"),
                diagnosis="net.proxy",
            )
        ]
    if port is None:
        return [warning(f"{name} names no port ({asked}); 80 or 443 is taken.", example, **net)]
    return []


def _certificates(machine: Machine, rows: list[tuple[str, str]]) -> list[Problem]:
    problems = []
    for name in _CERTIFICATES:
        value = machine.environ.get(name)
        if not value:
            continue
        rows.append((name, machine.place(value)))
        if not exists(
            machine.root / Path(value) if Path(value).is_absolute() else machine.cwd / value
        ):
            problems.append(
                wrong(
                    f"{name} names {machine.place(value)}, which doesn't exist: secure downloads "
                    f"fail.",
                    machine.shell.unset(name),
                    diagnosis="net.ssl_certificate",
                )
            )
    return problems
