"""Certificates that nobody has signed, for services of the lab that speak TLS on 127.0.0.1."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Key and certificate, as files of that name."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    options = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -addext subjectAltName=IP:127.0.0.1"
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(["openssl", *options.split(), *files], check=True, capture_output=True)
    return key, certificate
