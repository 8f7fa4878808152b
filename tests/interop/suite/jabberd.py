"""The router of jabberd2, to which its components connect."""

from .peer import Peer
from .prosody import SECRET

CONFIG = """<router>
  <id>router</id>
  <pidfile>{home}/router.pid</pidfile>
  <log type='stdout'/>
  <local>
    <ip>127.0.0.1</ip>
    <port>{router}</port>
    <users>{home}/users.xml</users>
    <secret>{secret}</secret>
  </local>
  <check><interval>60</interval><keepalive>0</keepalive></check>
  <io>
    <max_fds>256</max_fds>
    <limits><bytes>0</bytes><connects>0</connects></limits>
    <access><order>allow,deny</order></access>
  </io>
  <aci>
    <acl type='all'><user>jabberd</user></acl>
  </aci>
</router>
"""
USERS = "<users><user><name>jabberd</name><secret>{secret}</secret></user></users>\n"


class Jabberd(Peer):
    """The router, on a free port."""

    PORTS = ("router",)
    secret = SECRET

    def configured(self):
        self.home.put("users.xml", USERS.format(secret=SECRET))
        config = self.home.put("router.xml", CONFIG.format(home=self.home.path, secret=SECRET, **self.ports))
        return ["jabberd2-router", "-c", config]
