//! What the feature tables name as their proof is there: a test in the place that its row tells, a file, a fuzz target, or a case of the
//! interop suite. A table is read where its last column is called "shown by" or "test".

use std::fs;
use std::path::{Path, PathBuf};

/// What the words before a name stand for, beside the modules of a crate.
struct Table {
    file: &'static str,
    /// What stands before a word in the name of a file of tests.
    before: &'static str,
    places: &'static [(&'static str, &'static str)],
    /// Where a test stands whose row names no place.
    elsewhere: &'static str,
    modules: &'static [&'static str],
}

const POP3: Table = Table {
    file: "pop3-proto/FEATURES.md",
    before: "tests/tests/pop3_server_",
    places: &[("hostile", "tests/tests/hostile_pop3_server.rs"), ("pair", "tests/tests/pop3_pair.rs")],
    elsewhere: "pop3-proto",
    modules: &["pop3-proto/src", "pop3-proto/src/client/tests"],
};

const IRC: Table = Table {
    file: "irc-proto/FEATURES.md",
    before: "tests/tests/irc_server_",
    places: &[
        ("pair", "tests/tests/irc_pair.rs"),
        ("hostile", "tests/tests/hostile_irc_server.rs"),
        ("client-hostile", "tests/tests/irc_client_hostile.rs"),
        ("program", "switchboard/tests/irc.rs"),
        ("layers", "proto-core/layers/tests"),
    ],
    elsewhere: "adapters",
    modules: &["irc-proto/src"],
};

const IMAP: Table = Table {
    file: "imap-proto/FEATURES.md",
    before: "tests/tests/imap_server_",
    places: &[
        ("hostile", "tests/tests/hostile_imap_server.rs"),
        ("pair", "tests/tests/imap_pair.rs"),
        ("rfc", "tests/tests/imap_rfc.rs"),
        ("client-laws", "imap-proto/tests/client_laws.rs"),
        ("differential", "imap-proto/tests/differential.rs"),
        ("model", "imap-proto/tests/view_model"),
        ("memory", "imap-proto/tests/view_memory.rs"),
        ("store", "switchboard/src/mailstore"),
        ("program", "switchboard/src/imap"),
        ("program", "switchboard/tests/imap.rs"),
        ("program", "switchboard/tests/imap_extensions.rs"),
        ("layers", "proto-core/layers/tests"),
        ("sasl", "proto-core/sasl/tests"),
    ],
    elsewhere: "imap-proto",
    modules: &["imap-proto/src"],
};

const XMPP: Table = Table {
    file: "xmpp-proto/FEATURES.md",
    before: "tests/tests/xmpp_server_",
    places: &[
        ("hostile", "tests/tests/hostile_xmpp_server.rs"),
        ("pair", "tests/tests/xmpp_pair.rs"),
        ("client-laws", "tests/tests/xmpp_client_laws.rs"),
        ("model", "xmpp-proto/tests/router_model"),
        ("memory", "xmpp-proto/tests/xml_memory.rs"),
        ("websocket", "tests/tests/xmpp_websocket.rs"),
        ("program", "switchboard/tests/xmpp.rs"),
        ("program", "switchboard/tests/web.rs"),
        ("own-client", "switchboard/tests/xmpp_client.rs"),
        ("layers", "proto-core/layers/tests"),
        ("sasl", "proto-core/sasl/tests"),
    ],
    elsewhere: "xmpp-proto",
    modules: &["xmpp-proto/src"],
};

const ADAPTERS: Table = Table {
    file: "adapters/FEATURES.md",
    before: "tests/tests/adapters_",
    places: &[("tokio's", "adapters/tokio"), ("blocking's", "adapters/blocking")],
    elsewhere: "adapters",
    modules: &[],
};

/// What stands before the colon of a path in the adapters' table.
const FOLDERS: [(&str, &str); 4] = [
    ("driver:", "adapters/driver/tests/"),
    ("layers:", "proto-core/layers/tests/"),
    ("machine:", "proto-core/machine/tests/"),
    ("tests:", "tests/tests/"),
];

#[test]
fn what_the_tables_name_is_there() {
    let missing: Vec<String> = [POP3, IMAP, IRC, XMPP, ADAPTERS].iter().flat_map(missing).collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn what_is_not_there_is_found_missing() {
    let missing = |cell| missing_in(&IRC, cell);
    assert_eq!(missing("rules `pong_costs_nothing_and_the_application_may_charge_more`"), [""; 0]);
    assert_eq!(missing("login `pong_costs_nothing_and_the_application_may_charge_more`").len(), 1);
    assert_eq!(missing("client: `a_full_queue`").len(), 1, "half a name is none");
    assert_eq!(missing("client: `a_full_queue...`").len(), 1);
    assert_eq!(missing("fuzz: `irc_codec`, `irc_nothing`").len(), 1);
    assert_eq!(missing("interop: \"vectors\", \"by_hand: is spoken by pigeon\"").len(), 1);
    assert_eq!(missing("`tests/tests/irc_nothing.rs`").len(), 1);
}

/// What the table names and nobody has.
fn missing(table: &Table) -> Vec<String> {
    let text = read(&root().join(table.file));
    let mut cells = Vec::new();
    let mut shows = false;
    for line in text.lines() {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            shows = false;
            continue;
        };
        let last = row.rsplit('|').next().unwrap_or_default().trim();
        if matches!(last, "shown by" | "test") {
            shows = true;
        } else if shows {
            cells.push(last);
        }
    }
    assert!(cells.len() > 20, "{} has tables", table.file);
    let told = |what| format!("{}: {what}", table.file);
    cells.iter().flat_map(|cell| missing_in(table, cell)).map(told).collect()
}

/// A cell is clauses with `;` between them: words that tell a place, then names. A path before names tells a place, too.
fn missing_in(table: &Table, cell: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for clause in cell.split(';') {
        if clause.contains("interop:") || (clause.contains('"') && cell.contains("interop:")) {
            let titles = clause.split('"').skip(1).step_by(2).filter(|title| !is_case(title));
            missing.extend(titles.map(|title| format!("no interop case {title:?}")));
            continue;
        }
        let mut place = Place::default();
        for (index, part) in clause.split('`').enumerate() {
            match index % 2 {
                0 => place.hear(table, part),
                _ if is_path(part) => {
                    let path = file(part);
                    if !rust_files(&root()).iter().any(|file| file.ends_with(&path)) {
                        missing.push(format!("no file {part}"));
                    }
                    place = Place { file: Some(path), ..place };
                }
                _ if place.fuzz && root().join(format!("fuzz/fuzz_targets/{part}.rs")).is_file() => {}
                _ if is_name(part) && !place.has(table, part) => {
                    missing.push(format!("no test or target {part} in {clause:?}"));
                }
                _ => {}
            }
        }
    }
    missing
}

/// Where a name is looked for.
#[derive(Default)]
struct Place {
    fuzz: bool,
    roots: Vec<PathBuf>,
    file: Option<PathBuf>,
}

impl Place {
    /// Takes in the words before a name.
    fn hear(&mut self, table: &Table, words: &str) {
        for word in words.split([' ', ',', '(', ')']).map(|word| word.trim_end_matches(':')) {
            self.fuzz |= word == "fuzz";
            let listed = table.places.iter().filter(|(name, _)| *name == word).map(|(_, path)| root().join(path));
            let modules =
                table.modules.iter().filter(|_| !word.is_empty()).map(|folder| root().join(folder).join(word));
            let modules = modules.filter(|path| path.is_dir() || path.with_extension("rs").is_file());
            let named = Some(root().join(format!("{}{word}.rs", table.before))).filter(|path| path.is_file());
            let found: Vec<PathBuf> = listed.chain(named).chain(modules).collect();
            if !found.is_empty() {
                self.roots = found;
                self.file = None;
            }
        }
    }

    /// Behind a path a name stands in that file, or where it would stand without.
    fn has(&self, table: &Table, name: &str) -> bool {
        let roots = if self.roots.is_empty() { vec![root().join(table.elsewhere)] } else { self.roots.clone() };
        let mut files: Vec<PathBuf> = roots.iter().flat_map(|root| rust_files(root)).collect();
        if let Some(path) = &self.file {
            files.extend(rust_files(&root()).into_iter().filter(|file| file.ends_with(path)));
        }
        let wanted = [format!("fn {name}("), format!("fn {name}<")];
        files.iter().map(|file| read(file)).any(|text| wanted.iter().any(|wanted| text.contains(wanted)))
    }
}

fn is_path(text: &str) -> bool {
    text.ends_with(".rs") && !text.contains(' ')
}

/// Whether this is meant as a test's name, perhaps a shortened one, and not a type or a word of the protocol.
fn is_name(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
}

fn file(path: &str) -> PathBuf {
    let spelled = FOLDERS.iter().find_map(|(short, long)| Some(format!("{long}{}", path.strip_prefix(short)?)));
    spelled.unwrap_or_else(|| path.into()).into()
}

/// Whether a title is `group`, or `group: the title of a case`, as the suite's modules `with_group.py` and the like have them.
fn is_case(title: &str) -> bool {
    let (group, rest) = title.split_once(": ").unwrap_or((title, ""));
    let modules = fs::read_dir(root().join("tests/interop/suite")).expect("the suite is there");
    modules.filter_map(|module| Some(module.ok()?.path())).any(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        stem.split_once('_').is_some_and(|(_, of)| of == group) && read(&path).contains(&format!("@case(\"{rest}"))
    })
}

/// A file, or all files in a folder, or a module of either kind.
fn rust_files(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let beside = path.with_extension("rs");
    files.extend(Some(beside).filter(|beside| beside.is_file()));
    let Ok(folder) = fs::read_dir(path) else { return files };
    for entry in folder.filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
