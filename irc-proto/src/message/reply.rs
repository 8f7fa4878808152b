//! What servers answer with three digits.

use super::table::messages;

messages! {
    /// The numerics, by the names of [`numerics`](crate::numerics): RFC 1459 §6, RFC 2812 §5, <https://modern.ircdocs.horse/#numerics>, IRCv3.
    ///
    /// `client` is whom the reply is for: a nickname, or `*` before registration. `text` is for people.
    Reply

    // Registration

    RplWelcome RPL_WELCOME { client: text, text: last }
    RplYourhost RPL_YOURHOST { client: text, text: last }
    RplCreated RPL_CREATED { client: text, text: last }
    RplMyinfo RPL_MYINFO { client: text, server: text, version: text, user_modes: text, channel_modes: text, channel_modes_with_argument: optional text }
    RplIsupport RPL_ISUPPORT { client: text, tokens: rest, text: last }
    RplSnomask RPL_SNOMASK { client: text, mask: text, text: last }
    RplBounce RPL_BOUNCE { client: text, host: text, port: text, text: last }
    RplMap RPL_MAP { client: text, text: last }
    RplMapend RPL_MAPEND { client: text, text: last }
    RplYourid RPL_YOURID { client: text, id: text, text: last }
    RplRemoteisupport RPL_REMOTEISUPPORT { client: text, tokens: rest, text: last }

    // Tracing

    RplTracelink RPL_TRACELINK { client: text, arguments: rest }
    RplTraceconnecting RPL_TRACECONNECTING { client: text, kind: text, class: text, server: text, text: last }
    RplTracehandshake RPL_TRACEHANDSHAKE { client: text, kind: text, class: text, server: text, text: last }
    RplTraceunknown RPL_TRACEUNKNOWN { client: text, kind: text, class: text, address: optional text }
    RplTraceoperator RPL_TRACEOPERATOR { client: text, kind: text, class: text, arguments: rest }
    RplTraceuser RPL_TRACEUSER { client: text, kind: text, class: text, arguments: rest }
    RplTraceserver RPL_TRACESERVER { client: text, kind: text, class: text, arguments: rest }
    RplTraceservice RPL_TRACESERVICE { client: text, kind: text, class: text, arguments: rest }
    RplTracenewtype RPL_TRACENEWTYPE { client: text, kind: text, zero: text, name: text }
    RplTraceclass RPL_TRACECLASS { client: text, kind: text, class: text, count: text }

    // Statistics

    RplStatslinkinfo RPL_STATSLINKINFO { client: text, link: text, arguments: rest }
    RplStatscommands RPL_STATSCOMMANDS { client: text, command: text, count: text, arguments: rest }
    RplStatscline RPL_STATSCLINE { client: text, arguments: rest }
    RplStatsnline RPL_STATSNLINE { client: text, arguments: rest }
    RplStatsiline RPL_STATSILINE { client: text, arguments: rest }
    RplStatskline RPL_STATSKLINE { client: text, arguments: rest }
    RplStatsqline RPL_STATSQLINE { client: text, arguments: rest }
    RplStatsyline RPL_STATSYLINE { client: text, arguments: rest }
    RplEndofstats RPL_ENDOFSTATS { client: text, query: text, text: last }
    RplUmodeis RPL_UMODEIS { client: text, modes: text, arguments: rest }
    RplRules RPL_RULES { client: text, text: last }
    RplServlist RPL_SERVLIST { client: text, name: text, server: text, mask: text, kind: text, hops: text, info: last }
    RplServlistend RPL_SERVLISTEND { client: text, mask: text, kind: text, text: last }
    RplStatsvline RPL_STATSVLINE { client: text, arguments: rest }
    RplStatslline RPL_STATSLLINE { client: text, arguments: rest }
    RplStatsuptime RPL_STATSUPTIME { client: text, text: last }
    RplStatsoline RPL_STATSOLINE { client: text, arguments: rest }
    RplStatshline RPL_STATSHLINE { client: text, arguments: rest }
    RplStatssline RPL_STATSSLINE { client: text, arguments: rest }
    RplStatsping RPL_STATSPING { client: text, arguments: rest }
    RplStatsbline RPL_STATSBLINE { client: text, arguments: rest }
    RplStatsdebug RPL_STATSDEBUG { client: text, arguments: rest }
    RplStatsconn RPL_STATSCONN { client: text, text: last }

    // Users of the server

    RplLuserclient RPL_LUSERCLIENT { client: text, text: last }
    RplLuserop RPL_LUSEROP { client: text, count: text, text: last }
    RplLuserunknown RPL_LUSERUNKNOWN { client: text, count: text, text: last }
    RplLuserchannels RPL_LUSERCHANNELS { client: text, count: text, text: last }
    RplLuserme RPL_LUSERME { client: text, text: last }
    RplAdminme RPL_ADMINME { client: text, server: optional text, text: last }
    RplAdminloc1 RPL_ADMINLOC1 { client: text, text: last }
    RplAdminloc2 RPL_ADMINLOC2 { client: text, text: last }
    RplAdminemail RPL_ADMINEMAIL { client: text, text: last }
    RplTracelog RPL_TRACELOG { client: text, file: text, level: text }
    RplTraceend RPL_TRACEEND { client: text, arguments: rest, text: last }
    RplTryagain RPL_TRYAGAIN { client: text, command: text, text: last }
    RplLocalusers RPL_LOCALUSERS { client: text, count: optional text, most: optional text, text: last }
    RplGlobalusers RPL_GLOBALUSERS { client: text, count: optional text, most: optional text, text: last }
    RplPrivs RPL_PRIVS { client: text, privileges: words }
    RplSilelist RPL_SILELIST { client: text, arguments: rest }
    RplEndofsilelist RPL_ENDOFSILELIST { client: text, arguments: rest, text: last }
    RplWhoiscertfp RPL_WHOISCERTFP { client: text, nick: text, text: last }
    RplAcceptlist RPL_ACCEPTLIST { client: text, nicks: rest }
    RplEndofaccept RPL_ENDOFACCEPT { client: text, text: last }

    // Answers to queries about users

    RplNone RPL_NONE { client: text, arguments: rest }
    RplAway RPL_AWAY { client: text, nick: text, text: last }
    RplUserhost RPL_USERHOST { client: text, replies: words }
    RplIson RPL_ISON { client: text, nicks: words }
    RplText RPL_TEXT { client: text, arguments: rest }
    RplUnaway RPL_UNAWAY { client: text, text: last }
    RplNowaway RPL_NOWAWAY { client: text, text: last }
    RplWhoisregnick RPL_WHOISREGNICK { client: text, nick: text, text: last }
    RplRulesstart RPL_RULESSTART { client: text, text: last }
    RplEndofrules RPL_ENDOFRULES { client: text, text: last }
    RplWhoishelpop RPL_WHOISHELPOP { client: text, nick: text, text: last }
    RplWhoisuser RPL_WHOISUSER { client: text, nick: text, user: text, host: text, unused: text, realname: last }
    RplWhoisserver RPL_WHOISSERVER { client: text, nick: text, server: text, info: last }
    RplWhoisoperator RPL_WHOISOPERATOR { client: text, nick: text, text: last }
    RplWhowasuser RPL_WHOWASUSER { client: text, nick: text, user: text, host: text, unused: text, realname: last }
    RplEndofwho RPL_ENDOFWHO { client: text, mask: text, text: last }
    RplWhoisprivdeaf RPL_WHOISPRIVDEAF { client: text, nick: text, text: last }
    RplWhoisidle RPL_WHOISIDLE { client: text, nick: text, idle: text, signon: optional text, text: last }
    RplEndofwhois RPL_ENDOFWHOIS { client: text, nick: text, text: last }
    RplWhoischannels RPL_WHOISCHANNELS { client: text, nick: text, channels: words }
    RplWhoisspecial RPL_WHOISSPECIAL { client: text, nick: text, text: last }

    // Channels

    RplListstart RPL_LISTSTART { client: text, channel: text, text: last }
    RplList RPL_LIST { client: text, channel: text, count: text, topic: last }
    RplListend RPL_LISTEND { client: text, text: last }
    RplChannelmodeis RPL_CHANNELMODEIS { client: text, channel: text, modes: text, arguments: rest }
    RplUniqopis RPL_UNIQOPIS { client: text, channel: text, nick: text }
    RplChannelUrl RPL_CHANNEL_URL { client: text, channel: text, url: last }
    RplCreationtime RPL_CREATIONTIME { client: text, channel: text, time: text }
    RplWhoisaccount RPL_WHOISACCOUNT { client: text, nick: text, account: text, text: last }
    RplNotopic RPL_NOTOPIC { client: text, channel: text, text: last }
    RplTopic RPL_TOPIC { client: text, channel: text, topic: last }
    RplTopicwhotime RPL_TOPICWHOTIME { client: text, channel: text, setter: text, time: optional text }
    RplWhoisbot RPL_WHOISBOT { client: text, nick: text, text: last }
    RplInvitelist RPL_INVITELIST { client: text, channel: text }
    RplEndofinvitelist RPL_ENDOFINVITELIST { client: text, text: last }
    RplWhoisactually RPL_WHOISACTUALLY { client: text, nick: text, arguments: rest, text: last }
    RplUserip RPL_USERIP { client: text, replies: words }
    RplInviting RPL_INVITING { client: text, nick: text, channel: text }
    RplSummoning RPL_SUMMONING { client: text, user: text, text: last }
    RplWhoiscountry RPL_WHOISCOUNTRY { client: text, nick: text, country: text, text: last }
    RplInvited RPL_INVITED { client: text, channel: text, nick: text, by: text, text: last }
    RplInvexlist RPL_INVEXLIST { client: text, channel: text, mask: text, setter: optional text, time: optional text }
    RplEndofinvexlist RPL_ENDOFINVEXLIST { client: text, channel: text, text: last }
    RplExceptlist RPL_EXCEPTLIST { client: text, channel: text, mask: text, setter: optional text, time: optional text }
    RplEndofexceptlist RPL_ENDOFEXCEPTLIST { client: text, channel: text, text: last }
    RplVersion RPL_VERSION { client: text, version: text, server: text, comments: last }
    RplWhoreply RPL_WHOREPLY { client: text, channel: text, user: text, host: text, server: text, nick: text, flags: text, hops_and_realname: last }
    RplNamreply RPL_NAMREPLY { client: text, symbol: text, channel: text, names: words }
    RplWhospcrpl RPL_WHOSPCRPL { client: text, fields: rest }
    RplWhowasreal RPL_WHOWASREAL { client: text, arguments: rest }
    RplClosing RPL_CLOSING { client: text, server: text, arguments: rest }
    RplCloseend RPL_CLOSEEND { client: text, count: text, text: last }
    RplLinks RPL_LINKS { client: text, mask: text, server: text, hops_and_info: last }
    RplEndoflinks RPL_ENDOFLINKS { client: text, mask: text, text: last }
    RplEndofnames RPL_ENDOFNAMES { client: text, channel: text, text: last }
    RplBanlist RPL_BANLIST { client: text, channel: text, mask: text, setter: optional text, time: optional text }
    RplEndofbanlist RPL_ENDOFBANLIST { client: text, channel: text, text: last }
    RplEndofwhowas RPL_ENDOFWHOWAS { client: text, nick: text, text: last }

    // The server

    RplInfo RPL_INFO { client: text, text: last }
    RplMotd RPL_MOTD { client: text, text: last }
    RplEndofinfo RPL_ENDOFINFO { client: text, text: last }
    RplMotdstart RPL_MOTDSTART { client: text, text: last }
    RplEndofmotd RPL_ENDOFMOTD { client: text, text: last }
    RplWhoishost RPL_WHOISHOST { client: text, nick: text, arguments: rest, text: last }
    RplWhoismodes RPL_WHOISMODES { client: text, nick: text, arguments: rest, text: last }
    RplYoureoper RPL_YOUREOPER { client: text, text: last }
    RplRehashing RPL_REHASHING { client: text, file: text, text: last }
    RplYoureservice RPL_YOURESERVICE { client: text, text: last }
    RplRsachallenge RPL_RSACHALLENGE { client: text, text: last }
    RplTime RPL_TIME { client: text, server: text, timestamp: optional text, offset: optional text, text: last }
    RplUsersstart RPL_USERSSTART { client: text, text: last }
    RplUsers RPL_USERS { client: text, text: last }
    RplEndofusers RPL_ENDOFUSERS { client: text, text: last }
    RplNousers RPL_NOUSERS { client: text, text: last }
    RplVisiblehost RPL_VISIBLEHOST { client: text, host: text, text: last }

    // Errors

    ErrUnknownerror ERR_UNKNOWNERROR { client: text, command: optional text, subcommands: rest, text: last }
    ErrNosuchnick ERR_NOSUCHNICK { client: text, nick: text, text: last }
    ErrNosuchserver ERR_NOSUCHSERVER { client: text, server: text, text: last }
    ErrNosuchchannel ERR_NOSUCHCHANNEL { client: text, channel: text, text: last }
    ErrCannotsendtochan ERR_CANNOTSENDTOCHAN { client: text, channel: text, text: last }
    ErrToomanychannels ERR_TOOMANYCHANNELS { client: text, channel: text, text: last }
    ErrWasnosuchnick ERR_WASNOSUCHNICK { client: text, nick: text, text: last }
    ErrToomanytargets ERR_TOOMANYTARGETS { client: text, target: text, text: last }
    ErrNosuchservice ERR_NOSUCHSERVICE { client: text, service: text, text: last }
    ErrNoorigin ERR_NOORIGIN { client: text, text: last }
    ErrInvalidcapcmd ERR_INVALIDCAPCMD { client: text, command: text, text: last }
    ErrNorecipient ERR_NORECIPIENT { client: text, text: last }
    ErrNotexttosend ERR_NOTEXTTOSEND { client: text, text: last }
    ErrNotoplevel ERR_NOTOPLEVEL { client: text, mask: text, text: last }
    ErrWildtoplevel ERR_WILDTOPLEVEL { client: text, mask: text, text: last }
    ErrBadmask ERR_BADMASK { client: text, mask: text, text: last }
    ErrToomanymatches ERR_TOOMANYMATCHES { client: text, command: text, mask: optional text, text: last }
    ErrInputtoolong ERR_INPUTTOOLONG { client: text, text: last }
    ErrUnknowncommand ERR_UNKNOWNCOMMAND { client: text, command: text, text: last }
    ErrNomotd ERR_NOMOTD { client: text, text: last }
    ErrNoadmininfo ERR_NOADMININFO { client: text, server: optional text, text: last }
    ErrFileerror ERR_FILEERROR { client: text, text: last }
    ErrToomanyaway ERR_TOOMANYAWAY { client: text, text: last }
    ErrNonicknamegiven ERR_NONICKNAMEGIVEN { client: text, text: last }
    ErrErroneusnickname ERR_ERRONEUSNICKNAME { client: text, nick: text, text: last }
    ErrNicknameinuse ERR_NICKNAMEINUSE { client: text, nick: text, text: last }
    ErrServicenameinuse ERR_SERVICENAMEINUSE { client: text, name: text, text: last }
    ErrBanonchan ERR_BANONCHAN { client: text, nick: text, channel: text, text: last }
    ErrNickcollision ERR_NICKCOLLISION { client: text, nick: text, text: last }
    ErrUnavailresource ERR_UNAVAILRESOURCE { client: text, name: text, text: last }
    ErrNicktoofast ERR_NICKTOOFAST { client: text, nick: text, text: last }
    ErrTargettoofast ERR_TARGETTOOFAST { client: text, target: text, text: last }
    ErrServicesdown ERR_SERVICESDOWN { client: text, service: optional text, text: last }
    ErrUsernotinchannel ERR_USERNOTINCHANNEL { client: text, nick: text, channel: text, text: last }
    ErrNotonchannel ERR_NOTONCHANNEL { client: text, channel: text, text: last }
    ErrUseronchannel ERR_USERONCHANNEL { client: text, nick: text, channel: text, text: last }
    ErrNologin ERR_NOLOGIN { client: text, user: text, text: last }
    ErrSummondisabled ERR_SUMMONDISABLED { client: text, text: last }
    ErrUsersdisabled ERR_USERSDISABLED { client: text, text: last }
    ErrNonickchange ERR_NONICKCHANGE { client: text, nick: optional text, text: last }
    ErrNotregistered ERR_NOTREGISTERED { client: text, text: last }
    ErrAcceptfull ERR_ACCEPTFULL { client: text, text: last }
    ErrAcceptexist ERR_ACCEPTEXIST { client: text, nick: text, text: last }
    ErrAcceptnot ERR_ACCEPTNOT { client: text, nick: text, text: last }
    ErrNeedmoreparams ERR_NEEDMOREPARAMS { client: text, command: text, text: last }
    ErrAlreadyregistered ERR_ALREADYREGISTERED { client: text, text: last }
    ErrNopermforhost ERR_NOPERMFORHOST { client: text, text: last }
    ErrPasswdmismatch ERR_PASSWDMISMATCH { client: text, text: last }
    ErrYourebannedcreep ERR_YOUREBANNEDCREEP { client: text, text: last }
    ErrYouwillbebanned ERR_YOUWILLBEBANNED { client: text, text: last }
    ErrKeyset ERR_KEYSET { client: text, channel: text, text: last }
    ErrInvalidusername ERR_INVALIDUSERNAME { client: text, text: last }
    ErrLinkchannel ERR_LINKCHANNEL { client: text, channel: text, to: text, text: last }
    ErrChannelisfull ERR_CHANNELISFULL { client: text, channel: text, text: last }
    ErrUnknownmode ERR_UNKNOWNMODE { client: text, mode: text, text: last }
    ErrInviteonlychan ERR_INVITEONLYCHAN { client: text, channel: text, text: last }
    ErrBannedfromchan ERR_BANNEDFROMCHAN { client: text, channel: text, text: last }
    ErrBadchannelkey ERR_BADCHANNELKEY { client: text, channel: text, text: last }
    ErrBadchanmask ERR_BADCHANMASK { client: text, channel: text, text: last }
    ErrNeedreggednick ERR_NEEDREGGEDNICK { client: text, channel: text, text: last }
    ErrBanlistfull ERR_BANLISTFULL { client: text, channel: text, mask: text, text: last }
    ErrBadchanname ERR_BADCHANNAME { client: text, channel: text, text: last }
    ErrThrottle ERR_THROTTLE { client: text, channel: text, text: last }
    ErrNoprivileges ERR_NOPRIVILEGES { client: text, text: last }
    ErrChanoprivsneeded ERR_CHANOPRIVSNEEDED { client: text, channel: text, text: last }
    ErrCantkillserver ERR_CANTKILLSERVER { client: text, text: last }
    ErrRestricted ERR_RESTRICTED { client: text, arguments: rest, text: last }
    ErrUniqopprivsneeded ERR_UNIQOPPRIVSNEEDED { client: text, text: last }
    ErrNononreg ERR_NONONREG { client: text, nick: text, text: last }
    ErrTslesschan ERR_TSLESSCHAN { client: text, text: last }
    ErrSecureonlychan ERR_SECUREONLYCHAN { client: text, channel: text, text: last }
    ErrNooperhost ERR_NOOPERHOST { client: text, text: last }
    ErrNoctcp ERR_NOCTCP { client: text, target: text, text: last }
    ErrOwnmode ERR_OWNMODE { client: text, nick: text, text: last }
    ErrUmodeunknownflag ERR_UMODEUNKNOWNFLAG { client: text, mode: optional text, text: last }
    ErrUsersdontmatch ERR_USERSDONTMATCH { client: text, text: last }
    ErrUsernotonserv ERR_USERNOTONSERV { client: text, nick: text, text: last }
    ErrSilelistfull ERR_SILELISTFULL { client: text, mask: text, text: last }
    ErrToomanywatch ERR_TOOMANYWATCH { client: text, nick: text, text: last }
    ErrBadping ERR_BADPING { client: text, text: last }
    ErrBadexpire ERR_BADEXPIRE { client: text, arguments: rest, text: last }
    ErrDisabled ERR_DISABLED { client: text, command: text, text: last }
    ErrNoinvite ERR_NOINVITE { client: text, channel: text, text: last }
    ErrOperonly ERR_OPERONLY { client: text, channel: optional text, text: last }
    ErrListsyntax ERR_LISTSYNTAX { client: text, text: last }
    ErrHelpnotfound ERR_HELPNOTFOUND { client: text, subject: text, text: last }
    ErrInvalidkey ERR_INVALIDKEY { client: text, channel: text, text: last }
    ErrCantsendtouser ERR_CANTSENDTOUSER { client: text, nick: text, text: last }

    // WATCH, MONITOR, TLS, help, KNOCK

    RplGoneaway RPL_GONEAWAY { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplNotaway RPL_NOTAWAY { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplLogon RPL_LOGON { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplLogoff RPL_LOGOFF { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplWatchoff RPL_WATCHOFF { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplWatchstat RPL_WATCHSTAT { client: text, text: last }
    RplNowon RPL_NOWON { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplNowoff RPL_NOWOFF { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplWatchlist RPL_WATCHLIST { client: text, nicks: words }
    RplEndofwatchlist RPL_ENDOFWATCHLIST { client: text, query: text, text: last }
    RplClearwatch RPL_CLEARWATCH { client: text, text: last }
    RplNowisaway RPL_NOWISAWAY { client: text, nick: text, user: text, host: text, time: text, text: last }
    RplStarttls RPL_STARTTLS { client: text, text: last }
    RplWhoissecure RPL_WHOISSECURE { client: text, nick: text, text: last }
    RplYourlanguagesare RPL_YOURLANGUAGESARE { client: text, arguments: rest, text: last }
    ErrRedirect ERR_REDIRECT { client: text, arguments: rest, text: last }
    ErrStarttls ERR_STARTTLS { client: text, text: last }
    ErrInvalidmodeparam ERR_INVALIDMODEPARAM { client: text, target: text, mode: text, argument: text, text: last }
    RplHelpstart RPL_HELPSTART { client: text, subject: text, text: last }
    RplHelptxt RPL_HELPTXT { client: text, subject: text, text: last }
    RplEndofhelp RPL_ENDOFHELP { client: text, subject: text, text: last }
    ErrTargchange ERR_TARGCHANGE { client: text, target: text, text: last }
    RplEtracefull RPL_ETRACEFULL { client: text, arguments: rest }
    RplEtrace RPL_ETRACE { client: text, arguments: rest }
    RplKnock RPL_KNOCK { client: text, channel: text, who: text, text: last }
    RplKnockdlvr RPL_KNOCKDLVR { client: text, channel: text, text: last }
    ErrToomanyknock ERR_TOOMANYKNOCK { client: text, channel: text, text: last }
    ErrChanopen ERR_CHANOPEN { client: text, channel: text, text: last }
    ErrKnockonchan ERR_KNOCKONCHAN { client: text, channel: text, text: last }
    ErrKnockdisabled ERR_KNOCKDISABLED { client: text, text: last }
    ErrTargumodeg ERR_TARGUMODEG { client: text, nick: text, text: last }
    RplTargnotify RPL_TARGNOTIFY { client: text, nick: text, text: last }
    RplUmodegmsg RPL_UMODEGMSG { client: text, nick: text, who: text, text: last }
    RplOmotdstart RPL_OMOTDSTART { client: text, text: last }
    RplOmotd RPL_OMOTD { client: text, text: last }
    RplEndofomotd RPL_ENDOFOMOTD { client: text, text: last }
    ErrNoprivs ERR_NOPRIVS { client: text, privilege: text, text: last }
    RplTestmask RPL_TESTMASK { client: text, arguments: rest, text: last }
    RplTestline RPL_TESTLINE { client: text, arguments: rest }
    RplNotestline RPL_NOTESTLINE { client: text, arguments: rest, text: last }
    RplQuietlist RPL_QUIETLIST { client: text, channel: text, mode: text, mask: text, setter: optional text, time: optional text }
    RplEndofquietlist RPL_ENDOFQUIETLIST { client: text, channel: text, mode: text, text: last }
    RplMononline RPL_MONONLINE { client: text, targets: list }
    RplMonoffline RPL_MONOFFLINE { client: text, targets: list }
    RplMonlist RPL_MONLIST { client: text, targets: list }
    RplEndofmonlist RPL_ENDOFMONLIST { client: text, text: last }
    ErrMonlistfull ERR_MONLISTFULL { client: text, limit: text, targets: list, text: last }
    RplRsachallenge2 RPL_RSACHALLENGE2 { client: text, text: last }
    RplEndofrsachallenge2 RPL_ENDOFRSACHALLENGE2 { client: text, text: last }
    ErrMlockrestricted ERR_MLOCKRESTRICTED { client: text, channel: text, mode: text, lock: text, text: last }
    ErrInvalidban ERR_INVALIDBAN { client: text, channel: text, mode: text, mask: text, text: last }
    ErrTopiclock ERR_TOPICLOCK { client: text, channel: text, text: last }
    RplScanmatched RPL_SCANMATCHED { client: text, count: text, text: last }
    RplScanumodes RPL_SCANUMODES { client: text, arguments: rest }

    // Metadata, accounts, SASL

    RplWhoiskeyvalue RPL_WHOISKEYVALUE { client: text, target: text, key: text, visibility: text, value: last }
    RplKeyvalue RPL_KEYVALUE { client: text, target: text, key: text, visibility: text, value: last }
    RplMetadataend RPL_METADATAEND { client: text, text: last }
    ErrMetadatalimit ERR_METADATALIMIT { client: text, target: text, text: last }
    ErrTargetinvalid ERR_TARGETINVALID { client: text, target: text, text: last }
    RplKeynotset RPL_KEYNOTSET { client: text, target: text, key: text, text: last }
    ErrKeyinvalid ERR_KEYINVALID { client: text, key: text, text: last }
    ErrKeynotset ERR_KEYNOTSET { client: text, target: text, key: text, text: last }
    ErrKeynopermission ERR_KEYNOPERMISSION { client: text, target: text, key: text, text: last }
    RplMetadatasubok RPL_METADATASUBOK { client: text, keys: rest }
    RplMetadataunsubok RPL_METADATAUNSUBOK { client: text, keys: rest }
    RplMetadatasubs RPL_METADATASUBS { client: text, keys: rest }
    RplMetadatasynclater RPL_METADATASYNCLATER { client: text, target: text, retry_after: optional text }
    RplLoggedin RPL_LOGGEDIN { client: text, mask: text, account: text, text: last }
    RplLoggedout RPL_LOGGEDOUT { client: text, mask: text, text: last }
    ErrNicklocked ERR_NICKLOCKED { client: text, text: last }
    RplSaslsuccess RPL_SASLSUCCESS { client: text, text: last }
    ErrSaslfail ERR_SASLFAIL { client: text, text: last }
    ErrSasltoolong ERR_SASLTOOLONG { client: text, text: last }
    ErrSaslaborted ERR_SASLABORTED { client: text, text: last }
    ErrSaslalready ERR_SASLALREADY { client: text, text: last }
    RplSaslmechs RPL_SASLMECHS { client: text, mechanisms: list, text: last }
}
