use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

/// What is there for a while only, as until the login is done: a pointer, which is empty in an idle session. It reads as if it always were there; to
/// write into it makes it.
#[derive(Clone, Debug)]
pub(super) struct Rare<T>(Option<Box<T>>);

/// What can be read while it is not there.
pub(super) trait Absent: Default + 'static {
    /// What is read then.
    fn absent() -> &'static Self;
}

impl<T> Rare<T> {
    pub(super) const fn new() -> Self {
        Rare(None)
    }

    /// It, if it is there.
    pub(super) fn present(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

impl<T> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Rare(Some(Box::new(value)))
    }
}

impl<T: Absent> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::absent())
    }
}

impl<T: Absent> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}
