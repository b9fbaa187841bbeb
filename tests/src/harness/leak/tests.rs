//! The counter on the packets of this very test.
#![allow(clippy::unwrap_used)]

use super::*;

/// Some user, and another.
const UID: u32 = 62_177;
const OTHER_UID: u32 = 62_178;

/// An address for documentation (RFC 3849).
const NOBODY_IPV6: &str = "2001:db8::1";

#[test]
#[ignore = "needs the loopback-only namespace of tests/run"]
fn net_packets_to_elsewhere_are_counted_and_loopback_is_not() {
    let counter = LeakCounter::install(UID).unwrap();
    let both = || (counter.packets_elsewhere().unwrap(), counter.packets_elsewhere_of_all().unwrap());
    let user = can_choose_uid().then_some(UID);
    let other = can_choose_uid().then_some(OTHER_UID);

    for address in ["127.0.0.1", "127.5.6.7", "::1"] {
        send_datagram(address, user).unwrap();
    }
    assert_eq!(both(), (0, 0));
    assert_eq!(counter.positive_control().unwrap(), 1);
    assert_eq!(both(), (1, 1));
    send_datagram(NOBODY_IPV6, user).unwrap();
    assert_eq!(both(), (2, 2));

    send_datagram(NOBODY, other).unwrap();
    assert_eq!(both(), if other.is_some() { (2, 3) } else { (3, 3) });

    // A second one starts at nothing, and the first goes on.
    assert_eq!(LeakCounter::install(OTHER_UID).unwrap().positive_control().unwrap(), 1);
    assert_eq!(counter.packets_elsewhere_of_all().unwrap(), 4);
    let table = counter.table.clone();
    drop(counter);
    assert!(!run(Command::new("nft").args(["list", "tables"]), "").unwrap().contains(&table));
}

#[test]
fn users_are_counted() {
    assert!(has_many_users("         0          0 4294967295\n"));
    assert!(has_many_users("0 1000 1\n1 100000 65536\n"));
    assert!(!has_many_users("         0       1000          1\n"));
    assert!(!has_many_users(""));
}
