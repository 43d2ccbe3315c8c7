//! The operator as the chart installs it: its arguments, its service account, and a control plane of its own to be
//! alone on, since it looks after all namespaces.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use orgform_control_plane::{ControlPlane, program};
use orgform_sim::pureport::{self, Sim};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::bed::{Operator, path};

/// Where the chart is installed, and where the objects are.
const HOME: &str = "orgform";
const PEOPLE: &str = "people";

/// Group, resource, verb.
type Right = (String, String, String);

/// A release of the chart, with a simulator behind it.
struct Release {
    plane: ControlPlane,
    runtime: Runtime,
    sim: Sim,
}

impl Release {
    fn new() -> Self {
        let plane = ControlPlane::start().unwrap();
        let runtime = Runtime::new().unwrap();
        let options = pureport::Options { root_account: "Acme".to_owned(), ..pureport::Options::default() };
        let sim = runtime.block_on(pureport::start(options)).unwrap();
        let release = Self { plane, runtime, sim };
        release.kubectl(&["create", "namespace", PEOPLE]);
        release
    }

    /// kubectl where the people are.
    fn kubectl(&self, arguments: &[&str]) -> String {
        let arguments = [&["--namespace", PEOPLE], arguments].concat();
        self.plane.kubectl().run(&arguments).unwrap().ok().unwrap()
    }

    /// Helm where the release is.
    fn helm(&self, arguments: &[&str]) {
        let arguments = [arguments, &["--namespace", HOME]].concat();
        self.plane.kubectl().helm(&arguments).unwrap().ok().unwrap();
    }

    /// Runs a line as somebody would type it at the root of the repository, and gives its output.
    fn shell(&self, line: &str) -> String {
        let programs = ["kubectl", "helm"].map(|name| program(name).unwrap().canonicalize().unwrap());
        let mut folders: Vec<PathBuf> =
            programs.iter().map(|program| program.parent().unwrap().to_owned()).collect();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let (key, secret) = Sim::admin_key();
        let home = self.plane.folder().join("helm-home");
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(path("."))
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("KUBECONFIG", self.plane.kubeconfig())
            .envs(["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"].map(|name| (name, &home)))
            .envs([("PUREPORT_API_KEY", key), ("PUREPORT_API_SECRET", secret)])
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(&[arguments, &["-o", "json"]].concat())).unwrap()
    }

    /// Applies the example, as the README does.
    fn apply_acme(&self) {
        self.kubectl(&["apply", "--server-side", "-k", &path("examples/acme")]);
        let endpoint = format!("{{\"spec\":{{\"pureport\":{{\"endpoint\":\"{}\"}}}}}}", self.sim.url());
        self.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", &endpoint]);
        let (key, secret) = Sim::admin_key();
        let (key, secret) = (format!("--from-literal=key={key}"), format!("--from-literal=secret={secret}"));
        self.kubectl(&["create", "secret", "generic", "pureport", &key, &secret]);
    }

    fn wait_until_ready(&self) {
        let kinds = "oprov,oacc,orole,omem,okey";
        self.kubectl(&["wait", "--for=condition=Ready", kinds, "--all", "--timeout=180s"]);
    }

    /// Plays the pod: the program with the arguments and the service account of the Deployment.
    fn pod(&self) -> Operator {
        let pod = &self.json(&["get", "--namespace", HOME, "deployment/orgform"])["spec"]["template"]["spec"];
        let arguments = pod["containers"][0]["args"].as_array().unwrap().iter();
        let arguments: Vec<String> = arguments
            .map(|argument| argument.as_str().unwrap().to_owned())
            .filter(|argument| !argument.starts_with("--listen="))
            .collect();
        let account = pod["serviceAccountName"].as_str().unwrap();
        let kubeconfig = self.plane.kubeconfig_of(HOME, account).unwrap();
        Operator::start(&kubeconfig, &arguments)
    }

    /// Everything that is granted by these roles.
    fn granted(&self, roles: &[[&str; 3]]) -> BTreeSet<Right> {
        let mut granted = BTreeSet::new();
        for [namespace, kind, name] in roles {
            let role = self.json(&["get", "--namespace", namespace, kind, name]);
            for rule in role["rules"].as_array().unwrap() {
                let words = |name: &str| {
                    let words = rule[name].as_array().unwrap().iter();
                    words.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
                };
                for group in words("apiGroups") {
                    for resource in words("resources") {
                        let rights = words("verbs").into_iter();
                        granted.extend(rights.map(|verb| (group.clone(), resource.clone(), verb)));
                    }
                }
            }
        }
        granted
    }

    /// What the service account asked for and got, from this request on; and what it was denied.
    fn used(&self, from: usize) -> (BTreeSet<Right>, Vec<Right>) {
        let (mut used, mut denied) = (BTreeSet::new(), Vec::new());
        for asked in self.plane.asked_by(HOME, "orgform").unwrap().into_iter().skip(from) {
            let right = (asked.group.clone(), asked.resource.clone(), asked.verb.clone());
            if asked.code == 403 {
                denied.push(right);
                continue;
            }
            used.insert(right);
            // A patch that makes what is not there needs the right to make it.
            if asked.verb == "patch" && asked.code == 201 {
                used.insert((asked.group, asked.resource, "create".to_owned()));
            }
        }
        (used, denied)
    }

    /// Who has access to what at the provider, as text.
    fn truth(&self) -> String {
        format!("{:?}", self.sim.truth())
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn installed_upgraded_and_uninstalled_it_uses_what_it_was_granted_and_removes_nobody() {
    let release = Release::new();
    let chart = path("charts/orgform");
    let more = ["--set", "secrets.write=true", "--set", "log.level=debug"];
    release.helm(&[&["install", "orgform", &chart, "--create-namespace"], &more[..]].concat());
    let mut operator = release.pod();
    release.apply_acme();
    release.wait_until_ready();
    assert!(!release.kubectl(&["get", "secret/lab-pipeline", "-o", "jsonpath={.data.secret}"]).is_empty());
    release.kubectl(&["delete", "omem/tim", "--timeout=180s"]);

    let granted = release
        .granted(&[["default", "clusterrole", "orgform-orgform"], [HOME, "role.rbac", "orgform-lease"]]);
    let (mut used, denied) = release.used(0);
    // Asked only after a write that met a conflict, which nobody can be made to have.
    let kinds = ["providers", "accounts", "roles", "members", "apikeys"];
    used.extend(kinds.map(|kind| ("orgform.dev".to_owned(), kind.to_owned(), "get".to_owned())));
    assert_eq!(denied, []);
    assert_eq!(granted, used, "what is granted and never used is on the left, and the other way round");

    // However much it tells, no secret is in it; nor is one in what the cluster shows.
    let shown = release.kubectl(&["get", "orgform", "-o", "yaml"]);
    let events = release.kubectl(&["get", "events", "-o", "yaml"]);
    let said = [operator.said(), shown, events, operator.page("/metrics"), operator.page("/healthz")];
    let call = "endpoint=\"GET /accounts/{}/members\",status=\"200\"";
    assert!(said[3].contains(call), "{}", said[3]);
    let secrets = release.sim.secrets();
    assert!(secrets.len() > 5 && said[0].contains("\"DEBUG\""));
    for secret in &secrets {
        assert!(said.iter().all(|text| !text.contains(secret.as_str())), "{secret}");
    }

    // From the whole cluster to one namespace and two Secrets.
    end(&mut operator);
    let before = release.plane.asked_by(HOME, "orgform").unwrap().len();
    let scope = format!("watch.namespaces={{{PEOPLE}}}");
    let names = "secrets.names={pureport,lab-pipeline}";
    let more = ["--set", &scope, "--set", names, "--set", "secrets.write=true", "--set", "log.level=info"];
    release.helm(&[&["upgrade", "orgform", &chart], &more[..]].concat());
    let clusterwide = ["get", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=orgform"];
    assert_eq!(release.kubectl(&[&clusterwide[..], &["-o", "name"]].concat()), "");
    let truth = release.truth();
    let mails = release.sim.stats().mails;
    let mut operator = release.pod();
    operator.wait_for_pass();
    assert_eq!(
        (release.truth(), release.sim.stats().mails),
        (truth, mails),
        "a new copy finds all as it was"
    );
    let zoe = "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: zoe }\nspec:\n  email: zoe@acme.example\n  \
               memberships: [{ accountRef: { name: lab }, roles: [experimenter] }]\n";
    release.plane.kubectl().feed(&["apply", "--namespace", PEOPLE, "-f", "-"], zoe).unwrap().ok().unwrap();
    release.wait_until_ready();
    let (_, denied) = release.used(before);
    let list = ("".to_owned(), "secrets".to_owned(), "list".to_owned());
    assert!(denied.iter().all(|right| *right == list), "{denied:?}");
    let said = operator.said();
    assert!(!said.contains("acme.example") && !said.contains("partner.example"), "people in a log: {said}");

    // Leaving Kubernetes is leaving nobody out.
    let truth = release.truth();
    release.helm(&["uninstall", "orgform"]);
    end(&mut operator);
    assert_eq!(release.truth(), truth);
    assert!(release.kubectl(&["get", "omem", "-o", "name"]).lines().count() > 5);
    drop(release.runtime);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn the_commands_of_the_readme_work_in_the_order_in_which_they_are_told() {
    let release = Release::new();
    release.kubectl(&["config", "set-context", "--current", "--namespace", PEOPLE]);
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let (_, section) = readme.split_once("## In a cluster").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let commands: Vec<&str> = block.split("```").next().unwrap().lines().collect();
    assert_eq!(commands.len(), 5);
    let mut pod = None;
    for command in commands {
        if command.starts_with("kubectl wait") {
            let endpoint =
                format!("{{\"spec\":{{\"pureport\":{{\"endpoint\":\"{}\"}}}}}}", release.sim.url());
            release.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", &endpoint]);
            pod = Some(release.pod());
        }
        let out = release.shell(command);
        assert!(!command.starts_with("kubectl get") || out.contains("founder"), "{out}");
    }
    drop(pod);
}

/// Ends it as a node would.
fn end(operator: &mut Operator) {
    let sent = Command::new("kill").args(["-TERM", &operator.id().to_string()]).status().unwrap();
    assert!(sent.success());
    operator.wait_for_end();
}
