"""A certificate authority of one broker's folder: its own, and nobody else's.

What the folder holds: `ca.pem`, which whoever connects has to trust; `ca.key`; and for each name a file NAME.pem with
key and certificate, as Kafka and Python read them both. All certificates are for 127.0.0.1 only: `localhost` is a wrong
name. Needs openssl. Does not know: Kafka.
"""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

VALID_DAYS = 3_650
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

CONFIG = """\
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = here
[here]
new_certs_dir = .
database = issued
serial = serial
unique_subject = no
default_md = sha256
policy = any
x509_extensions = host
[any]
commonName = supplied
[host]
basicConstraints = critical,CA:FALSE
subjectAltName = IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Unable(Exception):
    """No certificate can be made; the message says what to do next."""


class Authority:
    """The authority of a folder; `make` comes first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def root(self) -> Path:
        """What whoever connects has to trust."""
        return self.folder / "ca.pem"

    def make(self) -> None:
        """Make the folder and the authority's own certificate. Raises `Unable`."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "ca.cnf").write_text(CONFIG)
        (self.folder / "issued").touch()
        days = ("-days", str(VALID_DAYS))
        self._openssl("req", "-x509", *KEY, *days, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")

    def issue(self, name: str, days: int = VALID_DAYS) -> Path:
        """A new key and its certificate in NAME.pem. days: from now; where negative, it expired so long ago.

        Raises `Unable`.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name) or name == "ca":
            raise Unable(f"{name!r} cannot be a certificate's name: take letters, digits and dashes, and not ca")
        ends = datetime.now(UTC) + timedelta(days=days)
        begins = min(datetime.now(UTC), ends) - timedelta(days=1)
        dates = ("-startdate", f"{begins:%Y%m%d%H%M%SZ}", "-enddate", f"{ends:%Y%m%d%H%M%SZ}")
        new = [f"{name}.{kind}" for kind in ("key", "csr", "crt")]
        key, request, certificate = new
        self._openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signing = ("-batch", "-create_serial", "-notext", "-keyfile", "ca.key", "-cert", "ca.pem")
        self._openssl("ca", *signing, *dates, "-in", request, "-out", certificate)
        issued = self.folder / f"{name}.pem"
        issued.touch(mode=0o600)
        issued.write_text((self.folder / key).read_text() + (self.folder / certificate).read_text())
        for file in new:
            (self.folder / file).unlink()
        return issued

    def _openssl(self, command: str, *arguments: str) -> None:
        if shutil.which("openssl") is None:
            raise Unable("there is no openssl, which makes the certificates: install it (Debian: apt install openssl)")
        call = ["openssl", command, "-config", "ca.cnf", *arguments]
        done = subprocess.run(call, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unable(f"openssl {command} has failed in {self.folder}.\n{done.stderr}")
