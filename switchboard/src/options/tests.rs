use super::*;

fn settings(arguments: &[&str]) -> Result<Settings, String> {
    match read(std::iter::once("switchboard").chain(arguments.iter().copied())) {
        Ok(Wish::Run(settings)) => Ok(*settings),
        Ok(Wish::Show(text)) => panic!("unexpected text: {text}"),
        Err(error) => Err(error.to_string()),
    }
}

fn with_file(toml: &str, arguments: &[&str]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.toml");
    std::fs::write(&path, toml).unwrap();
    let path = path.to_str().unwrap();
    settings(&[&["--config", path], arguments].concat()).map_err(|error| error.replace(path, "FILE"))
}

/// The addresses of the mail's listeners.
fn mail(settings: &Settings) -> Vec<(&'static str, String)> {
    addresses(settings).into_iter().filter(|(protocol, _)| protocol.starts_with("pop3")).collect()
}

fn addresses(settings: &Settings) -> Vec<(&'static str, String)> {
    settings.listeners.iter().map(|l| (l.protocol.name(), l.place.to_string())).collect()
}

#[test]
fn no_arguments_serve_on_loopback_for_demo_users() {
    let settings = settings(&[]).unwrap();
    let wanted = [
        ("pop3", 1110),
        ("pop3s", 1995),
        ("imap", 1143),
        ("imaps", 1993),
        ("irc", 6667),
        ("ircs", 6697),
        ("xmpp", 5222),
        ("xmpps", 5223),
        ("web", 8080),
    ];
    assert_eq!(addresses(&settings), wanted.map(|(protocol, port)| (protocol, format!("127.0.0.1:{port}"))));
    assert_eq!(settings.users, UserSource::Demo);
    assert_eq!(settings.data, Path::new("switchboard-data"));
    assert_eq!((settings.runtime, settings.threads), (Runtime::Tokio, None));
    assert_eq!(settings.server_name, "localhost");
    assert!(!settings.trace);
}

#[test]
fn flags_are_taken() {
    let settings = settings(&[
        "--runtime",
        "async-std",
        "--data",
        "/d",
        "--user",
        "a:1",
        "--user",
        "b:2:3",
        "--pop3",
        "[::1]:0",
        "--pop3s",
        "off",
        "--imap",
        "off",
        "--trace",
        "--threads",
        "3",
    ])
    .unwrap();
    assert_eq!(settings.runtime, Runtime::AsyncStd);
    assert_eq!(settings.threads.map(NonZeroUsize::get), Some(3));
    assert_eq!(mail(&settings), [("pop3", "[::1]:0".to_owned())]);
    let UserSource::Given(users) = settings.users else { panic!("users were given") };
    assert_eq!(users.iter().map(|u| u.password.expose()).collect::<Vec<_>>(), ["1", "2:3"]);
    assert!(settings.trace);
}

const ALL_OFF: [&str; 18] = [
    "--pop3", "off", "--pop3s", "off", "--imap", "off", "--imaps", "off", "--irc", "off", "--ircs", "off", "--xmpp",
    "off", "--xmpps", "off", "--web", "off",
];

#[test]
fn all_off_is_refused() {
    assert!(settings(&ALL_OFF).unwrap_err().contains("nothing to serve"));
}

#[test]
fn errors_are_one_line_and_hide_passwords() {
    for arguments in [
        &["--user", "hunter2"][..],
        &["--user", "Bad:hunter2"],
        &["--user", "a:hunter2", "--user", "a:hunter2"],
        &["--user", "a:hunter2", "--users", "f"],
        &["--user", "a:hunter2", "--runtime", "fortran"],
        &["--user", "a:hunter2", "--pop3", "nowhere"],
        &["--user", "a:hunter2", "--bogus"],
    ] {
        let error = settings(arguments).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!error.contains('\n') && !error.is_empty(), "{error}");
    }
    assert!(settings(&["--pop3", "nowhere"]).unwrap_err().contains("127.0.0.1:1110"));
    assert!(settings(&["--runtime", "fortran"]).unwrap_err().contains("async-std"));
    assert!(settings(&["--runtime", "blocking", "--threads", "2"]).unwrap_err().contains("a thread for each"));
    assert!(settings(&["--threads", "0"]).is_err());
}

#[test]
fn help_and_version_are_shown() {
    for flag in ["--help", "--version"] {
        assert!(matches!(read(["switchboard", flag]), Ok(Wish::Show(text)) if text.contains("switchboard")));
    }
}

#[test]
fn the_file_says_the_same_as_the_flags_and_more() {
    let settings = with_file(
        r#"
        runtime = "blocking"
        data = "data"
        users = "/etc/users"
        pop3 = "127.0.0.1:2110"
        pop3s = "off"
        trace = true
        server-name = "mail.example.org"
        motd = """
one
two
"""
        operators = ["alice"]
        [limits]
        connections = 10
        idle-seconds = 1800
        [certificate]
        chain = "chain.pem"
        key = "/keys/key.pem"
        "#,
        &[],
    )
    .unwrap();
    assert_eq!(settings.runtime, Runtime::Blocking);
    assert!(settings.data.is_absolute() && settings.data.ends_with("data"), "relative to the file");
    assert_eq!(settings.users, UserSource::File("/etc/users".into()));
    assert_eq!(mail(&settings), [("pop3", "127.0.0.1:2110".to_owned())]);
    assert_eq!(settings.server_name, "mail.example.org");
    assert_eq!(settings.motd, MotdSource::Text("one\ntwo".to_owned()));
    assert_eq!(settings.operators, [UserName::parse("alice").unwrap()]);
    assert_eq!((settings.limits.connections, settings.limits.idle_seconds), (10, 1800));
    assert_eq!(settings.limits.failed_logins, Limits::default().failed_logins);
    let certificate = settings.certificate.unwrap();
    assert!(certificate.chain.is_absolute());
    assert_eq!(certificate.key, Path::new("/keys/key.pem"));
    assert!(settings.trace);
}

#[test]
fn the_command_line_wins_over_the_file() {
    let toml = "runtime = \"blocking\"\npop3 = \"off\"\nusers = \"u\"\n";
    let settings = with_file(toml, &["--runtime", "tokio", "--pop3", "localhost:0", "--user", "a:b"]).unwrap();
    assert_eq!(settings.runtime, Runtime::Tokio);
    assert_eq!(settings.listeners[0].place.to_string(), "127.0.0.1:0");
    assert!(matches!(settings.users, UserSource::Given(_)));
}

#[test]
fn the_file_s_mistakes_are_named() {
    for (toml, wanted) in [
        ("trace = true\nmotdd = \"x\"", "FILE line 2: unknown field `motdd`"),
        ("config = \"x\"", "FILE line 1: unknown field `config`"),
        ("[limits]\nconections = 1", "FILE line 2: unknown field `conections`"),
        ("[certificate]\nchain = \"x\"", "missing field `key`"),
        ("runtime = ", "FILE line 1: "),
        ("pop3 = \"x\"", "write an IP address"),
        ("[[listen]]\nprotocol = \"gopher\"\naddress = \"fd:3\"", "there is no protocol \"gopher\""),
        ("[[listen]]\nprotocol = \"pop3\"\naddress = \"unix:\"", "write the socket's path"),
        ("[[listen]]\nprotocol = \"pop3\"\naddress = \"fd:3\"\nproxies = []", "the list names nobody"),
        ("[[listen]]\nprotocol = \"pop3\"\naddress = \"fd:3\"\nproxies = [\"x\"]", "\"x\" is no network"),
        ("[certificates.\"a.example\"]\nchain = \"x\"", "missing field `key`"),
        ("[xmpp-server]\nsend-queue = 9", "xmpp-server: send-queue must be at least 64"),
        ("[xmpp-server]\nmotd = \"x\"", "FILE line 2: unknown field `motd`"),
        ("user = [\"a:b\"]\nusers = \"f\"", "keep one of them"),
        ("limits = { idle-seconds = 60 }", "limits: idle-seconds must be at least 600"),
        ("server-name = \"a b\"", "server-name: \"a b\""),
        ("motd = \"a\\u0000\"", "motd: control"),
        ("motd = \"a\"\nmotd-file = \"b\"", "keep one of them"),
        ("[irc-network]\nnick-length = 9", "irc-network: nick-length must be 32 to 50"),
        ("[irc-network]\npassword = \"hunter2\"", "FILE line 2: this is no argon2 hash"),
        ("[irc-network]\nmotd = \"x\"", "FILE line 2: unknown field `motd`"),
        ("operators = [\"A\"]", "operators: \"A\""),
    ] {
        let error = with_file(toml, &[]).unwrap_err();
        assert!(error.contains(wanted) && !error.contains('\n'), "{toml:?} gave {error:?}");
    }
    assert!(settings(&["--config", "/nowhere/x.toml"]).unwrap_err().contains("/nowhere/x.toml"));
}

#[test]
fn more_listeners_take_the_default_s_place_or_stand_beside_the_option_s() {
    let of = |arguments: &[&str]| mail(&settings(arguments).unwrap());
    let pop3s = ("pop3s", "127.0.0.1:1995".to_owned());
    let unix = ("pop3", "unix:/run/p".to_owned());
    assert_eq!(of(&["--listen", "pop3=unix:/run/p"]), [unix.clone(), pop3s.clone()]);
    assert_eq!(of(&["--pop3", "off", "--listen", "pop3=unix:/run/p"]), [unix.clone(), pop3s.clone()]);
    let tcp = ("pop3", "[::1]:0".to_owned());
    let fd = ("pop3s", "fd:3".to_owned());
    assert_eq!(of(&["--pop3s", "fd:3", "--listen", "pop3=unix:/run/p", "--pop3", "[::1]:0"]), [tcp, unix, fd]);
    for (wrong, wanted) in [
        ("pop3", "PROTOCOL=ADDR"),
        ("gopher=127.0.0.1:70", "there is no protocol"),
        ("pop3=off", "write an IP address"),
    ] {
        let error = settings(&["--listen", wrong]).unwrap_err();
        assert!(error.contains(wanted) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_file_s_listeners_have_proxies_and_yield_to_the_line_s() {
    let toml =
        "pop3s = \"unix:s\"\n[[listen]]\nprotocol = \"pop3\"\naddress = \"unix:p\"\nproxies = [\"10.0.0.0/8\"]\n";
    let from_file = with_file(toml, &[]).unwrap().listeners;
    let [pop3, pop3s, ..] = from_file.as_slice() else { panic!("{from_file:?}") };
    assert!(pop3.proxies.is_some() && pop3s.proxies.is_none());
    for listener in [pop3, pop3s] {
        let crate::listen::Place::Unix(path) = &listener.place else { panic!("{listener:?}") };
        assert!(path.is_absolute(), "relative to the file");
    }
    let from_line = with_file(toml, &["--listen", "pop3=[::1]:7", "--pop3s", "off"]).unwrap();
    assert_eq!(mail(&from_line), [("pop3", "[::1]:7".to_owned())]);
    assert_eq!(from_line.listeners[0].proxies, None);
}

#[test]
fn certificates_are_for_names_and_authorities_for_clients() {
    let toml =
        "client-authorities = \"ca.pem\"\n[certificates.\"*.example.org\"]\nchain = \"c.pem\"\nkey = \"k.pem\"\n";
    let settings = with_file(toml, &[]).unwrap();
    assert!(settings.certificates["*.example.org"].chain.is_absolute());
    assert!(settings.client_authorities.unwrap().is_absolute());
    assert_eq!(settings.certificate, None);
}

#[test]
fn the_documentation_shows_a_file_that_is_taken() {
    let page = include_str!("../../README.md");
    let toml = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let settings = with_file(toml, &[]).unwrap();
    assert_eq!(settings.limits, Limits::default(), "it shows the defaults");
    assert!(settings.listeners[2].proxies.is_some());
    assert_eq!(settings.certificates.len(), 1);
}
