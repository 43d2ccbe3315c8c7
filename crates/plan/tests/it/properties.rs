//! What holds of every small world ([`holds`]), asked of worlds made by chance.

use proptest::prelude::*;

use crate::small::small;
use crate::{from_bytes, holds};

/// Few worlds in every run of the tests, since each is planned several times; `PROPTEST_CASES=5000` looks harder.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_what_is_listed_changes_nothing(small in small()) {
        holds::the_order_of_what_is_listed_changes_nothing(&small);
    }

    #[test]
    fn nobody_unmanaged_or_unseen_loses_anything(small in small()) {
        holds::nobody_unmanaged_or_unseen_loses_anything(&small);
    }

    #[test]
    fn nobody_is_removed_and_invited_in_one_plan(small in small()) {
        holds::nobody_is_removed_and_invited_in_one_plan(&small);
    }

    #[test]
    fn what_is_planned_keeps_the_limits(small in small()) {
        holds::what_is_planned_keeps_the_limits(&small);
    }

    #[test]
    fn no_account_is_left_with_fewer_admins_than_it_may(small in small()) {
        holds::no_account_is_left_with_fewer_admins_than_it_may(&small);
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(small in small()) {
        holds::a_plan_that_was_carried_out_leaves_nothing_to_do(&small);
    }

    #[test]
    fn every_world_comes_to_rest_and_is_then_as_declared(small in small()) {
        holds::every_world_comes_to_rest_and_is_then_as_declared(&small);
    }

    #[test]
    fn a_world_of_any_bytes_keeps_every_property(bytes in prop::collection::vec(any::<u8>(), 0..160)) {
        holds::all(&from_bytes::small(&bytes));
    }
}
