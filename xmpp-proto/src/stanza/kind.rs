use crate::named::named;

named! {
    /// The `type` of a message (RFC 6121 §5.2.2). None, and one that is not known, is [`Normal`](MessageType::Normal).
    #[derive(Default)]
    pub enum MessageType {
        /// Outside a conversation.
        #[default]
        Normal = "normal",
        /// In a conversation of two.
        Chat = "chat",
        /// In a room.
        Groupchat = "groupchat",
        /// An alert, to which no reply is expected.
        Headline = "headline",
        /// The answer to a message that went wrong.
        Error = "error",
    }
}

named! {
    /// The `type` of a presence (RFC 6121 §4.7.1).
    #[derive(Default)]
    pub enum PresenceType {
        /// No type: available.
        #[default]
        Available = "",
        /// No longer available.
        Unavailable = "unavailable",
        /// Wishes to be told of presence.
        Subscribe = "subscribe",
        /// Allows that.
        Subscribed = "subscribed",
        /// Does not wish it any longer.
        Unsubscribe = "unsubscribe",
        /// Denies it, or allows it no longer.
        Unsubscribed = "unsubscribed",
        /// Asks for presence; servers do so.
        Probe = "probe",
        /// The answer to a presence that went wrong.
        Error = "error",
    }
}

named! {
    /// The `type` of an IQ (RFC 6120 §8.2.3).
    pub enum IqType {
        /// Asks for something.
        Get = "get",
        /// Changes something.
        Set = "set",
        /// The answer to one of these.
        Result = "result",
        /// The answer to one that went wrong.
        Error = "error",
    }
}

impl IqType {
    /// Whether it must be answered.
    pub const fn is_request(self) -> bool {
        matches!(self, IqType::Get | IqType::Set)
    }
}

named! {
    /// How available someone is (RFC 6121 §4.7.2.1).
    pub enum Show {
        /// Away for a while.
        Away = "away",
        /// Wishes to chat.
        Chat = "chat",
        /// Busy: do not disturb.
        Dnd = "dnd",
        /// Away for long.
        Xa = "xa",
    }
}
