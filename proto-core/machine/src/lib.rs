//! The contract that every Wirestate protocol machine keeps: boxes, clock values, tickets, plugins
