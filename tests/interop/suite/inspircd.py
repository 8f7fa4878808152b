"""InspIRCd, which knows much of IRCv3."""

from .peer import Peer

CONFIG = """
<config format="xml">
<server name="irc.example.org" description="interop" network="Interop" id="001">
<admin name="interop" nick="interop" email="interop@example.org">
<bind address="127.0.0.1" port="{irc}" type="clients">
<connect name="main" allow="*" timeout="60" useident="no" resolvehostnames="no" localmax="100" globalmax="100">
<limits maxnick="32">
<module name="cap"><module name="ircv3"><module name="ircv3_servertime"><module name="ircv3_msgid"><module name="ircv3_batch">
<module name="ircv3_labeledresponse"><module name="ircv3_echomessage"><module name="ircv3_ctctags"><module name="namesx"><module name="monitor">
<log method="file" type="*" level="default" target="{home}/log">
<path configdir="{home}" datadir="{home}/data" logdir="{home}/data" runtimedir="{home}/data">
<pid file="{home}/data/pid">
"""


class Inspircd(Peer):
    """The server, on a free port."""

    PORTS = ("irc",)

    def configured(self):
        self.home.folder("data")
        config = self.home.put("inspircd.conf", CONFIG.format(home=self.home.path, **self.ports))
        return ["inspircd", "--nofork", f"--config={config}"]
