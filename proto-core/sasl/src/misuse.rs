/// A call that does not fit the state of the exchange: a fault of the calling program, never of the peer. The exchange
/// is left as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The exchange has ended.
    #[error("the exchange is over; start a new one")]
    Finished,
    /// `step(None)` after the first call.
    #[error("only the first step may come without a message from the peer")]
    MessageMissing,
    /// A message was given to the server while its question is open.
    #[error("answer the open question before the next step")]
    AnswerAwaited,
    /// An answer without a question.
    #[error("nothing was asked; answer only what `Step::Ask` asks")]
    NothingAsked,
    /// An answer that the question does not allow.
    #[error("this answer does not fit the question; see the table at `Ask`")]
    WrongAnswer,
    /// SCRAM keys made by another hash function than the mechanism's.
    #[error("these keys are of another hash function; give those of the one that was asked for")]
    WrongHash,
    /// `Accept` where the client named nobody.
    #[error("the client named nobody; answer `AcceptAs` with the identity that you found")]
    IdentityNeeded,
    /// A message was given to the client while its work item is out.
    #[error("run the derivation and resume before the next step")]
    WorkAwaited,
    /// A derived key without a work item.
    #[error("no work was handed out; resume only with what `Step::Work` asked for")]
    NoWork,
    /// A key derived with another salt, iteration count or hash function.
    #[error("this key was derived by other parameters than the work item's; it is not for this exchange")]
    WrongDerivation,
}
