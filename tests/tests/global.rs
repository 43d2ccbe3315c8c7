//! One organization at three providers: plans of their own shown together, one table, one departure.

use orgform_tests::{Simulator, Story};
use serde_json::json;

/// The example, applied, and everybody has come in.
fn acme() -> Story {
    let story = Story::example("global");
    story.done("apply --yes");
    for provider in ["pureport", "packetfabric", "xarios"] {
        story.done(&format!("act --provider {provider} accept-all"));
    }
    story.done("apply --yes");
    story
}

#[test]
fn three_providers_are_planned_applied_and_shown_together() {
    let mut story = Story::example("global");
    story.run("plan");
    story.run("apply --yes");
    for provider in ["pureport", "packetfabric", "xarios"] {
        story.done(&format!("act --provider {provider} accept-all"));
    }
    story.done("apply --yes");
    story.run("plan --detailed-exitcode");
    story.run("show --people");
    story.assert_is("global");
}

#[test]
fn somebody_leaves_everywhere_in_each_providers_own_way_with_evidence() {
    let mut story = acme();
    story.run("offboard ada@acme.example --dry-run");
    story.run("offboard ada@acme.example --yes");
    story.run("show --people");
    story.run("plan --detailed-exitcode");
    story.assert_is("global_offboard");
}

#[test]
fn one_provider_that_is_down_stops_no_other_and_nothing_is_removed_there() {
    let simulator = Simulator::of("packetfabric", &[]);
    let mut story = Story::example("global");
    story.replace(
        "providers.yaml",
        "  packetfabric:\n    simulator: { rootAccount: Acme }\n",
        &format!(
            "  packetfabric:\n    endpoint: {}\n    credentials: {{ apiKey: {{ env: PF_TOKEN }} }}\n",
            simulator.url()
        ),
    );
    story.set("PF_TOKEN", "sim-packetfabric-admin-key-not-for-production");
    story.done("apply --yes");
    simulator.act(&json!({ "act": "accept_all" }));
    for provider in ["pureport", "xarios"] {
        story.done(&format!("act --provider {provider} accept-all"));
    }
    story.done("apply --yes");
    story.remark("packetfabric is down, and linus leaves");
    drop(simulator);
    story.without("people/team.yaml", "linus");
    story.run("plan");
    story.run("offboard ada@acme.example --dry-run");
    story.run("apply --yes");
    story.run("offboard linus@acme.example --yes");
    story.run("invites");
    story.assert_is("global_down");
}
