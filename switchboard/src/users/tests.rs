use std::os::unix::fs::PermissionsExt;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};

use super::*;

fn given(pairs: &[&str]) -> UserSource {
    UserSource::Given(pairs.iter().map(|pair| Credentials::parse(pair).unwrap()).collect())
}

fn load(source: &UserSource) -> Result<Users, UsersError> {
    let root = tempfile::tempdir().unwrap();
    Users::load(source, &DataFolder::open(root.path()).unwrap())
}

fn load_file(text: &str) -> Result<Users, String> {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("list");
    fs::write(&path, text).unwrap();
    load(&UserSource::File(path.clone())).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "FILE"))
}

fn hash(password: &str) -> String {
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    cheap.hash_password(password.as_bytes()).unwrap().to_string()
}

#[test]
fn the_right_password_passes_and_passes_again() {
    let users = load(&given(&["alice:one two", "bob:three"])).unwrap();
    for _ in 0..2 {
        assert_eq!(users.verify("alice", b"one two").unwrap().name().as_str(), "alice");
        assert!(users.verify("alice", b"one").is_none());
        assert!(users.verify("alice", b"three").is_none());
        assert!(users.verify("Alice", b"one two").is_none());
        assert!(users.verify("alice", b"").is_none());
    }
    assert_eq!(users.find("bob").unwrap().secret().unwrap().expose(), "three");
    assert!(!users.are_demo());
}

#[test]
fn an_unknown_name_never_passes_with_somebody_s_password() {
    let users = load(&given(&["alice:one"])).unwrap();
    assert!(users.verify("alice", b"one").is_some());
    // alice is the stand-in for every unknown name here.
    assert!(users.verify("mallory", b"one").is_none());
    assert!(users.verify("", b"one").is_none());
    assert!(users.stand_in("mallory").is_some());
}

#[test]
fn demo_users_are_made_once_and_kept_private() {
    let root = tempfile::tempdir().unwrap();
    let data = DataFolder::open(root.path()).unwrap();
    let passwords = |users: &Users| -> Vec<(String, String)> {
        users.iter().map(|u| (u.name().to_string(), u.secret().unwrap().expose().to_owned())).collect()
    };
    let first = passwords(&Users::load(&UserSource::Demo, &data).unwrap());
    let users = Users::load(&UserSource::Demo, &data).unwrap();
    assert_eq!(first, passwords(&users));
    assert!(users.are_demo());
    assert_eq!(first.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), DEMO_NAMES);
    assert!(users.verify("carol", first[2].1.as_bytes()).is_some());
    assert_ne!(first[0].1, first[1].1);
    assert_eq!(fs::metadata(data.users_file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_hashes_is_read() {
    let users = load_file(&format!("# people\n\nalice:{}\n bob : {}\r\n", hash("one"), hash("two"))).unwrap();
    assert!(users.verify("alice", b"one").is_some());
    assert!(users.verify("bob", b"two").is_some());
    assert!(users.verify("bob", b"one").is_none());
    assert!(users.find("alice").unwrap().secret().is_none());
}

#[test]
fn a_hash_of_the_argon2_command_is_read() {
    // echo -n password | argon2 somesalt -id -e
    let line = "alice:$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$qLml5cbqFAO6YxVHhrSBHP0UWdxrIxkNcM8aMX3blzU";
    assert!(load_file(line).unwrap().verify("alice", b"password").is_some());
}

#[test]
fn each_mistake_in_the_file_is_named_with_its_line() {
    for (text, wanted) in [
        ("alice".to_owned(), "FILE line 1: a user is written NAME:HASH"),
        (format!("#\nAlice:{}", hash("x")), "FILE line 2: the user name holds 'A'"),
        ("alice:hunter2".to_owned(), "FILE line 1: this is no argon2 hash"),
        ("alice:$argon2id$v=19$m=8,t=1,p=1".to_owned(), "FILE line 1: this is no argon2 hash"),
        ("alice:$scrypt$ln=1,r=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAA".to_owned(), "FILE line 1: this is no argon2 hash"),
        (format!("alice:{0}\nalice:{0}", hash("x")), "FILE line 2: alice stands here a second time"),
        ("# nobody\n".to_owned(), "names no user"),
    ] {
        let error = load_file(&text).unwrap_err();
        assert!(error.contains(wanted) && !error.contains('\n') && !error.contains("hunter2"), "{error}");
    }
    assert!(matches!(load(&UserSource::File("/nowhere/users".into())), Err(UsersError::Unreadable { .. })));
}

#[test]
fn debug_shows_no_password() {
    let users = load(&given(&["alice:hunter2"])).unwrap();
    assert!(!format!("{users:?}").contains("hunter2"));
}
