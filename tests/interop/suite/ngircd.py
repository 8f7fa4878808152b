"""ngIRCd, which compresses links between servers."""

from .peer import Peer

CONFIG = """
[Global]
Name = hub.test
Info = interop
AdminInfo1 = nobody
Listen = 127.0.0.1
Ports = {irc}
MotdPhrase = hello
[Limits]
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
IncludeDir = {home}/nothing
[Server]
Name = leaf.test
MyPassword = in-pass
PeerPassword = out-pass
Passive = yes
"""


class Ngircd(Peer):
    """The server, on a free port."""

    PORTS = ("irc",)

    def configured(self):
        self.home.folder("nothing")
        config = self.home.put("ngircd.conf", CONFIG.format(home=self.home.path, **self.ports))
        return ["ngircd", "-n", "-f", config]
