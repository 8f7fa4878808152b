//! SASL mechanisms, client and server side, as pure state machines
