use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// A waker of a stream's own, before its task's: so whoever is woken can tell whether it was the stream that called.
///
/// For the skins' sockets, which answer [`Stream::is_quiet`](crate::Stream::is_quiet) with it.
#[derive(Default)]
pub struct Doorbell(Option<Line>);

struct Line {
    bell: Arc<Bell>,
    /// The bell, as the stream knows it.
    waker: Waker,
}

struct Bell {
    rung: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl Doorbell {
    /// The waker for what is polled beside the [listening](Doorbell::listen), such as an alarm.
    pub fn waker(&mut self, cx: &Context<'_>) -> &Waker {
        &self.line(cx).waker
    }

    /// The waker for what is polled first. It is quiet from now on, until one of the two calls.
    pub fn listen(&mut self, cx: &Context<'_>) -> &Waker {
        let line = self.line(cx);
        line.bell.rung.store(false, Ordering::Release);
        &line.waker
    }

    /// Whether it was listened to in this task, and nobody has called since.
    pub fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.0.as_ref().is_some_and(|line| line.leads_to(cx) && !line.bell.rung.load(Ordering::Acquire))
    }

    fn line(&mut self, cx: &Context<'_>) -> &Line {
        if self.0.as_ref().is_some_and(|line| !line.leads_to(cx)) {
            self.0 = None;
        }
        self.0.get_or_insert_with(|| Line::to(cx.waker().clone()))
    }
}

impl Line {
    fn to(task: Waker) -> Line {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task });
        Line { waker: bell.clone().into(), bell }
    }

    fn leads_to(&self, cx: &Context<'_>) -> bool {
        self.bell.task.will_wake(cx.waker())
    }
}

impl fmt::Debug for Doorbell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rung = self.0.as_ref().map(|line| line.bell.rung.load(Ordering::Relaxed));
        f.debug_struct("Doorbell").field("rung", &rung).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_quiet_from_the_listening_until_somebody_calls() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let cx = Context::from_waker(&waker);
        let mut bell = Doorbell::default();
        let alarm = bell.waker(&cx).clone();
        assert!(!bell.is_quiet(&cx), "nobody has listened");
        let stream = bell.listen(&cx).clone();
        assert!(bell.is_quiet(&cx));
        waker.wake_by_ref();
        assert!(bell.is_quiet(&cx), "it was somebody else");
        for caller in [stream, alarm] {
            caller.wake_by_ref();
            assert!(!bell.is_quiet(&cx));
            bell.waker(&cx);
            assert!(!bell.is_quiet(&cx), "who asks for a waker has not listened");
            bell.listen(&cx);
            assert!(bell.is_quiet(&cx));
        }
        assert_eq!(task.0.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn another_task_listens_anew() {
        let (first, second) = (Waker::from(Arc::<Task>::default()), Waker::from(Arc::<Task>::default()));
        let (first, second) = (Context::from_waker(&first), Context::from_waker(&second));
        let mut bell = Doorbell::default();
        bell.listen(&first);
        assert!(!bell.is_quiet(&second));
        bell.listen(&second);
        assert!(bell.is_quiet(&second) && !bell.is_quiet(&first));
    }
}
