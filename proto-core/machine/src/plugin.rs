//! Plugins: an ordered list of named observers and judges on a session's event seam.
//!
//! Each command that a machine has understood passes through the pipeline before the machine acts on it, and each reply before it is
//! written. A plugin may look, change, answer in the application's stead, hide or drop. What is hidden or dropped is still answered: the
//! verdict itself carries the reply that stands in, so a peer is never left waiting.
//!
//! ```
//! use wirestate_machine::plugin::{Flow, Kind, Pipeline, Plugin, Verdict};
//!
//! struct Command(&'static str);
//! struct Reply(&'static str);
//! impl Kind for Command { fn bit(&self) -> u32 { (self.0 == "DELE") as u32 } }
//! impl Kind for Reply { fn bit(&self) -> u32 { 0 } }
//!
//! struct ReadOnly;
//! impl Plugin<Command, Reply> for ReadOnly {
//!     fn incoming(&mut self, command: &mut Command) -> Verdict<Reply> {
//!         if command.0 == "DELE" { Verdict::Drop(Reply("-ERR this maildrop is read-only")) } else { Verdict::Continue }
//!     }
//! }
//!
//! let mut pipeline = Pipeline::new();
//! pipeline.add("read-only", ReadOnly)?;
//! assert!(matches!(pipeline.incoming(&mut Command("STAT")), Flow::Pass));
//! assert!(matches!(pipeline.incoming(&mut Command("DELE")), Flow::Answer(Reply("-ERR this maildrop is read-only"))));
//! # Ok::<(), wirestate_machine::Misuse>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use crate::Misuse;

/// A value with a place in an [`Interest`] mask.
pub trait Kind {
    /// The bit of this value's kind, 0 to 63. Values of 64 and more share the last bit.
    fn bit(&self) -> u32;
}

/// What a plugin does with what it was shown. The answers stand where something is hidden, so that the peer always gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<Answer> {
    /// Go on to the next plugin, and in the end to the application or the wire. (POE: `EAT_NONE`)
    Continue,
    /// Skip the remaining plugins, and go to the application or the wire. (POE: `EAT_PLUGIN`)
    Deliver,
    /// Show it to the remaining plugins, but not to the application or the wire, where this answer goes instead. (POE: `EAT_CLIENT`)
    Hide(Answer),
    /// Show it to nobody else; this answer goes to the wire instead. (POE: `EAT_ALL`)
    Drop(Answer),
}

/// What the whole pipeline made of something that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a hidden command must be answered with the reply that stands in"]
pub enum Flow<Answer> {
    /// The machine goes on with it.
    Pass,
    /// It ends here, and this is its answer.
    Answer(Answer),
}

/// Which kinds a plugin wants to see: a bit for each [`Kind::bit`], in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Kinds of what comes in.
    pub incoming: u64,
    /// Kinds of what goes out.
    pub outgoing: u64,
}

impl Interest {
    /// Everything, both ways.
    pub const ALL: Interest = Interest { incoming: u64::MAX, outgoing: u64::MAX };
    /// Nothing: for a plugin that only wants to be carried along.
    pub const NONE: Interest = Interest { incoming: 0, outgoing: 0 };

    fn has(mask: u64, kind: &impl Kind) -> bool {
        mask >> kind.bit().min(63) & 1 == 1
    }
}

/// One plugin, generic over what comes in and what goes out.
pub trait Plugin<In: 'static, Out: 'static>: Any + Send {
    /// What it wants to see. Asked once, when the plugin joins the pipeline.
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    /// Called when the plugin has joined under `name`. An error keeps it out.
    fn attach(&mut self, name: &str) -> Result<(), Misuse> {
        let _ = name;
        Ok(())
    }

    /// Called when the plugin has left the pipeline.
    fn detach(&mut self) {}

    /// Judges something that came in; it may be changed in place.
    fn incoming(&mut self, item: &mut In) -> Verdict<Out> {
        let _ = item;
        Verdict::Continue
    }

    /// Judges something that is going out; it may be changed in place.
    fn outgoing(&mut self, item: &mut Out) -> Verdict<Out> {
        let _ = item;
        Verdict::Continue
    }
}

struct Entry<In: 'static, Out: 'static> {
    name: String,
    interest: Interest,
    plugin: Box<dyn Plugin<In, Out>>,
}

/// The ordered list of a session's plugins. Names are unique. An empty pipeline costs one branch and no heap.
pub struct Pipeline<In: 'static, Out: 'static> {
    entries: Vec<Entry<In, Out>>,
}

impl<In: Kind, Out: Kind> Pipeline<In, Out> {
    /// A pipeline without plugins.
    pub const fn new() -> Self {
        Pipeline { entries: Vec::new() }
    }

    /// Whether there are no plugins.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The plugins' names, in the order in which they are asked.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The plugin called `name`, where it is a `P`.
    pub fn plugin<P: Plugin<In, Out>>(&mut self, name: &str) -> Option<&mut P> {
        let at = self.place(name).ok()?;
        let plugin: &mut dyn Any = &mut *self.entries[at].plugin;
        plugin.downcast_mut()
    }

    /// Adds a plugin at the end.
    pub fn add(&mut self, name: &str, plugin: impl Plugin<In, Out>) -> Result<(), Misuse> {
        self.insert(self.entries.len(), name, Box::new(plugin))
    }

    /// Adds a plugin right before the one called `neighbour`.
    pub fn insert_before(&mut self, neighbour: &str, name: &str, plugin: impl Plugin<In, Out>) -> Result<(), Misuse> {
        self.insert(self.place(neighbour)?, name, Box::new(plugin))
    }

    /// Adds a plugin right after the one called `neighbour`.
    pub fn insert_after(&mut self, neighbour: &str, name: &str, plugin: impl Plugin<In, Out>) -> Result<(), Misuse> {
        self.insert(self.place(neighbour)? + 1, name, Box::new(plugin))
    }

    /// Takes the plugin called `name` out and gives it back.
    pub fn remove(&mut self, name: &str) -> Result<Box<dyn Plugin<In, Out>>, Misuse> {
        let mut entry = self.entries.remove(self.place(name)?);
        entry.plugin.detach();
        Ok(entry.plugin)
    }

    /// Puts a plugin in the place of the one called `old`, which is given back. If the new one refuses to be attached, the old one stays.
    pub fn replace(
        &mut self,
        old: &str,
        name: &str,
        plugin: impl Plugin<In, Out>,
    ) -> Result<Box<dyn Plugin<In, Out>>, Misuse> {
        let at = self.place(old)?;
        if old != name && self.place(name).is_ok() {
            return Err(Misuse::NoSuchPlugin);
        }
        let mut entry = Entry::attach(name, Box::new(plugin))?;
        core::mem::swap(&mut entry, &mut self.entries[at]);
        entry.plugin.detach();
        Ok(entry.plugin)
    }

    /// Moves the plugin called `name` to the place `to`, counted from 0; beyond the end means the end.
    pub fn move_to(&mut self, name: &str, to: usize) -> Result<(), Misuse> {
        let entry = self.entries.remove(self.place(name)?);
        self.entries.insert(to.min(self.entries.len()), entry);
        Ok(())
    }

    /// Moves the plugin called `name` one place towards the front.
    pub fn move_up(&mut self, name: &str) -> Result<(), Misuse> {
        let at = self.place(name)?;
        self.move_to(name, at.saturating_sub(1))
    }

    /// Moves the plugin called `name` one place towards the end.
    pub fn move_down(&mut self, name: &str) -> Result<(), Misuse> {
        let at = self.place(name)?;
        self.move_to(name, at + 1)
    }

    /// Shows something that came in to the plugins. The first plugin that hides it gives the answer.
    pub fn incoming(&mut self, item: &mut In) -> Flow<Out> {
        let mut answer = None;
        for entry in &mut self.entries {
            if !Interest::has(entry.interest.incoming, item) {
                continue;
            }
            match entry.plugin.incoming(item) {
                Verdict::Continue => {}
                Verdict::Deliver => break,
                Verdict::Hide(reply) => answer = answer.or(Some(reply)),
                Verdict::Drop(reply) => {
                    answer = answer.or(Some(reply));
                    break;
                }
            }
        }
        answer.map_or(Flow::Pass, Flow::Answer)
    }

    /// Shows something that is going out to the plugins, and gives what is to go out in the end.
    pub fn outgoing(&mut self, mut item: Out) -> Out {
        let mut instead = None;
        for entry in &mut self.entries {
            if !Interest::has(entry.interest.outgoing, &item) {
                continue;
            }
            match entry.plugin.outgoing(&mut item) {
                Verdict::Continue => {}
                Verdict::Deliver => break,
                Verdict::Hide(reply) => instead = instead.or(Some(reply)),
                Verdict::Drop(reply) => {
                    instead = instead.or(Some(reply));
                    break;
                }
            }
        }
        instead.unwrap_or(item)
    }

    fn insert(&mut self, at: usize, name: &str, plugin: Box<dyn Plugin<In, Out>>) -> Result<(), Misuse> {
        if self.place(name).is_ok() {
            return Err(Misuse::NoSuchPlugin);
        }
        let entry = Entry::attach(name, plugin)?;
        self.entries.insert(at, entry);
        Ok(())
    }

    fn place(&self, name: &str) -> Result<usize, Misuse> {
        self.entries.iter().position(|entry| entry.name == name).ok_or(Misuse::NoSuchPlugin)
    }
}

impl<In: 'static, Out: 'static> Entry<In, Out> {
    fn attach(name: &str, mut plugin: Box<dyn Plugin<In, Out>>) -> Result<Self, Misuse> {
        plugin.attach(name)?;
        Ok(Entry { name: name.to_owned(), interest: plugin.interest(), plugin })
    }
}

impl<In: Kind, Out: Kind> Default for Pipeline<In, Out> {
    fn default() -> Self {
        Pipeline::new()
    }
}

impl<In: 'static, Out: 'static> fmt::Debug for Pipeline<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.name)).finish()
    }
}

impl<In: 'static, Out: 'static> Drop for Pipeline<In, Out> {
    fn drop(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.plugin.detach());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use alloc::vec;
    use core::sync::atomic::{AtomicI32, Ordering};

    type Word = &'static str;

    struct Item(Word);

    impl Kind for Item {
        fn bit(&self) -> u32 {
            u32::from(self.0 == "rare")
        }
    }

    struct Judge {
        verdict: fn() -> Verdict<Item>,
        interest: Interest,
        seen: Vec<Word>,
        attached: Arc<AtomicI32>,
    }

    impl Plugin<Item, Item> for Judge {
        fn interest(&self) -> Interest {
            self.interest
        }
        fn attach(&mut self, name: &str) -> Result<(), Misuse> {
            if name == "refused" {
                return Err(Misuse::WrongState);
            }
            self.attached.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        fn detach(&mut self) {
            self.attached.fetch_sub(1, Ordering::Relaxed);
        }
        fn incoming(&mut self, item: &mut Item) -> Verdict<Item> {
            self.seen.push(item.0);
            (self.verdict)()
        }
        fn outgoing(&mut self, item: &mut Item) -> Verdict<Item> {
            self.incoming(item)
        }
    }

    fn judge(verdict: fn() -> Verdict<Item>) -> Judge {
        Judge { verdict, interest: Interest::ALL, seen: vec![], attached: Arc::default() }
    }

    fn names(pipeline: &Pipeline<Item, Item>) -> Vec<&str> {
        pipeline.names().collect()
    }

    fn seen(pipeline: &mut Pipeline<Item, Item>, name: &str) -> Vec<Word> {
        pipeline.plugin::<Judge>(name).unwrap().seen.clone()
    }

    /// What a pipeline of this verdict and a silent second plugin does: whether the second saw the item, and what came of it.
    fn with_second(verdict: fn() -> Verdict<Item>) -> (bool, Option<Word>, Word) {
        let mut pipeline = Pipeline::new();
        pipeline.add("first", judge(verdict)).unwrap();
        pipeline.add("second", judge(|| Verdict::Continue)).unwrap();
        let answer = match pipeline.incoming(&mut Item("in")) {
            Flow::Pass => None,
            Flow::Answer(answer) => Some(answer.0),
        };
        let out = pipeline.outgoing(Item("out")).0;
        let seen = seen(&mut pipeline, "second");
        assert!(seen.is_empty() || seen == ["in", "out"]);
        (!seen.is_empty(), answer, out)
    }

    #[test]
    fn the_four_verdicts_are_poes_four_codes_both_ways() {
        assert_eq!(with_second(|| Verdict::Continue), (true, None, "out"));
        assert_eq!(with_second(|| Verdict::Deliver), (false, None, "out"));
        assert_eq!(with_second(|| Verdict::Hide(Item("instead"))), (true, Some("instead"), "instead"));
        assert_eq!(with_second(|| Verdict::Drop(Item("instead"))), (false, Some("instead"), "instead"));
    }

    #[test]
    fn a_mask_spares_the_plugin_what_it_does_not_want() {
        let mut pipeline = Pipeline::new();
        let rare = Interest { incoming: 0b10, outgoing: 0 };
        pipeline.add("rare", Judge { interest: rare, ..judge(|| Verdict::Continue) }).unwrap();
        let _ = pipeline.incoming(&mut Item("common"));
        let _ = pipeline.incoming(&mut Item("rare"));
        pipeline.outgoing(Item("rare"));
        assert_eq!(seen(&mut pipeline, "rare"), ["rare"]);
    }

    #[test]
    fn the_order_can_be_changed_while_it_runs() {
        let mut pipeline = Pipeline::new();
        pipeline.add("b", judge(|| Verdict::Continue)).unwrap();
        pipeline.insert_before("b", "a", judge(|| Verdict::Continue)).unwrap();
        pipeline.insert_after("b", "c", judge(|| Verdict::Continue)).unwrap();
        assert_eq!(names(&pipeline), ["a", "b", "c"]);
        pipeline.move_up("c").unwrap();
        assert_eq!(names(&pipeline), ["a", "c", "b"]);
        pipeline.move_down("a").unwrap();
        assert_eq!(names(&pipeline), ["c", "a", "b"]);
        pipeline.move_to("b", 0).unwrap();
        assert_eq!(names(&pipeline), ["b", "c", "a"]);
        pipeline.replace("c", "d", judge(|| Verdict::Continue)).unwrap();
        assert_eq!(names(&pipeline), ["b", "d", "a"]);
        pipeline.remove("d").unwrap();
        assert_eq!(names(&pipeline), ["b", "a"]);
    }

    #[test]
    fn names_are_unique_and_neighbours_must_exist() {
        let mut pipeline = Pipeline::new();
        pipeline.add("a", judge(|| Verdict::Continue)).unwrap();
        assert_eq!(pipeline.add("a", judge(|| Verdict::Continue)), Err(Misuse::NoSuchPlugin));
        assert_eq!(pipeline.insert_before("x", "b", judge(|| Verdict::Continue)), Err(Misuse::NoSuchPlugin));
        assert_eq!(pipeline.remove("x").err(), Some(Misuse::NoSuchPlugin));
        assert_eq!(pipeline.replace("a", "refused", judge(|| Verdict::Continue)).err(), Some(Misuse::WrongState));
        assert_eq!(names(&pipeline), ["a"]);
    }

    #[test]
    fn each_attach_has_its_detach() {
        let attached = Arc::new(AtomicI32::new(0));
        let counted = || Judge { attached: attached.clone(), ..judge(|| Verdict::Continue) };
        let mut pipeline = Pipeline::new();
        pipeline.add("a", counted()).unwrap();
        pipeline.add("b", counted()).unwrap();
        assert_eq!(pipeline.add("refused", counted()), Err(Misuse::WrongState));
        assert_eq!(attached.load(Ordering::Relaxed), 2);
        pipeline.replace("a", "c", counted()).unwrap();
        pipeline.remove("b").unwrap();
        assert_eq!(attached.load(Ordering::Relaxed), 1);
        drop(pipeline);
        assert_eq!(attached.load(Ordering::Relaxed), 0);
    }
}
