"""Certificates for clients and servers, by openssl."""

import subprocess


class Authority:
    """An authority of the suite's own, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.certificate, self.key = folder / "ca.pem", folder / "ca-key.pem"
        self._openssl("req", "-x509", "-subj", "/CN=interop", *NEW_KEY, self.key, "-out", self.certificate)

    def certify(self, address):
        """The certificate of whoever has this address, and its key, both PEM."""
        return self._sign(address, f"email:{address}")

    def certify_host(self, host):
        """The certificate of a server of this name, and its key, both PEM."""
        return self._sign(host, f"DNS:{host}")

    def _sign(self, label, name):
        chain, key, request, names = (self.folder / f"{label}.{kind}" for kind in ("pem", "key", "csr", "names"))
        names.write_text(f"subjectAltName={name}\nbasicConstraints=critical,CA:FALSE\n")
        self._openssl("req", "-subj", "/CN=somebody", *NEW_KEY, key, "-out", request)
        signer = ("-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial")
        self._openssl("x509", "-req", "-in", request, *signer, "-extfile", names, "-out", chain)
        return chain.read_bytes(), key.read_bytes()

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")
