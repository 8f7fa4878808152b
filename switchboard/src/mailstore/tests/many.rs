//! Many at once: threads, processes, and programs that know nothing of us.

use super::*;

/// Random enough, and the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// One of the things that a session may do.
fn act(store: &MailStore, dice: &mut Dice) {
    let names = ["INBOX", "Sent", "Archive"].map(|name| store.mailbox(&named(name)).unwrap());
    let (here, there) = (&names[dice.roll(3)], &names[dice.roll(3)]);
    let snapshot = here.sync().unwrap();
    let some: Vec<_> = snapshot.messages().iter().map(Message::uid).filter(|_| dice.roll(4) == 0).collect();
    drop(snapshot);
    let mine = Origin::fresh();
    match dice.roll(8) {
        0 | 1 => {
            let drafts = (0..=dice.roll(3)).map(|_| appending(store, "", b"x")).collect();
            here.append(mine, drafts).unwrap();
        }
        2 => drop(here.store_flags(mine, &some, &FlagChange::Add(flags("\\Seen Work")), None).unwrap()),
        3 => drop(here.store_flags(mine, &some, &FlagChange::Replace(flags("\\Flagged")), None).unwrap()),
        4 => drop(here.copy(mine, &some[..some.len().min(2)], there).unwrap()),
        5 => drop(here.move_to(mine, &some, there).unwrap()),
        6 => drop(here.store_flags(mine, &some[..some.len() / 2], &FlagChange::Add(flags("\\Deleted")), None).unwrap()),
        _ => drop(here.expunge(mine, None).unwrap()),
    }
}

/// One of the things that another program may do.
fn interfere(world: &World, dice: &mut Dice, number: usize) {
    let folder = ["", ".Sent", ".Archive"][dice.roll(3)];
    let files: Vec<_> = world.files(folder).into_iter().filter(|file| !file.starts_with("tmp/")).collect();
    let path = |file: &str| world.root().join(folder).join(file);
    // Whatever fails does so because somebody was faster.
    let _ = match files.get(dice.roll(files.len().max(1))).map(|file| (file, dice.roll(3))) {
        None | Some((_, 0)) => fs::write(path(&format!("new/17000000{number:03}.foreign")), "y"),
        Some((file, 1)) => fs::remove_file(path(file)),
        Some((file, _)) => {
            let base = file.split_once('/').map(|(_, name)| name.split(':').next().unwrap_or(name)).unwrap();
            fs::rename(path(file), path(&format!("cur/{base}:2,{}", ["", "S", "FS", "R"][dice.roll(4)])))
        }
    };
}

fn end(world: &World, stores: &[&Arc<MailStore>], mirrors: &[(Arc<Mailbox>, Mirror, Subscription)]) {
    for name in ["INBOX", "Sent", "Archive"] {
        let views: Vec<_> = stores.iter().map(|store| told(&store.mailbox(&named(name)).unwrap())).collect();
        assert!(views.windows(2).all(|pair| pair[0] == pair[1]), "{name}: {views:#?}");
        let mailbox = stores[0].mailbox(&named(name)).unwrap();
        let snapshot = mailbox.sync().unwrap();
        let folder = if name == "INBOX" { String::new() } else { format!(".{name}") };
        let files = world.files(&folder);
        assert_eq!(snapshot.messages().len(), files.len(), "{name}: each file is one message, and tmp is empty");
        for message in snapshot.messages() {
            assert!(world.root().join(&folder).join(message.file()).is_file());
            assert_eq!(message.place.info.flags(), message.flags().system());
        }
    }
    for (mailbox, mirror, _) in mirrors {
        mirror.agrees_with(&mailbox.sync().unwrap());
    }
}

fn mirrors(stores: &[&Arc<MailStore>]) -> Vec<(Arc<Mailbox>, Mirror, Subscription)> {
    let mut all = Vec::new();
    for store in stores {
        for name in ["INBOX", "Sent", "Archive"] {
            let mailbox = store.mailbox(&named(name)).unwrap();
            let (mirror, subscription) = Mirror::of(&mailbox);
            all.push((mailbox, mirror, subscription));
        }
    }
    all
}

#[test]
fn sessions_of_one_program_and_strangers_agree_in_the_end() {
    let world = World::new();
    let mirrors = mirrors(&[&world.store]);
    std::thread::scope(|scope| {
        for seed in 1..=3 {
            let store = &world.store;
            scope.spawn(move || {
                let mut dice = Dice(seed);
                (0..80).for_each(|_| act(store, &mut dice));
            });
        }
        let world = &world;
        scope.spawn(move || {
            let mut dice = Dice(99);
            (0..150).for_each(|number| interfere(world, &mut dice, number));
        });
    });
    end(&world, &[&world.store], &mirrors);
}

#[test]
fn two_processes_agree_in_the_end() {
    let world = World::new();
    let other = world.another();
    let mirrors = mirrors(&[&world.store, &other]);
    std::thread::scope(|scope| {
        for (store, seed) in [(&world.store, 7), (&other, 8)] {
            scope.spawn(move || {
                let mut dice = Dice(seed);
                (0..100).for_each(|_| act(store, &mut dice));
            });
        }
    });
    end(&world, &[&world.store, &other], &mirrors);
}
