//! The laws of sans-IO machines as one test harness, for our machines and for yours
