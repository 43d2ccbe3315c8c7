//! `orgform plan --cluster` on a real control plane: the plan for what is in the cluster, and nothing written.
//!
//! The operator is the one beside the CLI's own binary; `cargo xtask cluster` builds both.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use orgform_control_plane::ControlPlane;
use orgform_sim::Options;
use orgform_sim::pureport::{self, Sim};
use tokio::runtime::Runtime;

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

struct Bed {
    plane: &'static ControlPlane,
    namespace: String,
    sim: Sim,
    _runtime: Runtime,
}

/// An operator that ends with the test.
struct Operator(Child);

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn path(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    root.join(name).display().to_string()
}

impl Bed {
    fn new() -> Self {
        let plane = ControlPlane::shared();
        plane.kubectl().run(&["apply", "--server-side", "-f", &path("crds")]).unwrap().ok().unwrap();
        for kind in ["providers", "accounts", "roles", "members", "apikeys"] {
            let definition = format!("crd/{kind}.orgform.dev");
            plane.kubectl().wait_for("default", &definition, "condition=Established").unwrap();
        }
        let namespace = plane.namespace().unwrap();
        let runtime = Runtime::new().unwrap();
        let options = Options { root_account: "Acme".to_owned(), ..Options::default() };
        let sim = runtime.block_on(pureport::start(options)).unwrap();
        let bed = Self { plane, namespace, sim, _runtime: runtime };
        bed.kubectl(&["apply", "-k", &path("examples/acme")]);
        let endpoint = format!("{{\"spec\":{{\"pureport\":{{\"endpoint\":\"{}\"}}}}}}", bed.sim.url());
        bed.kubectl(&["patch", "oprov/pureport", "--type=merge", "-p", &endpoint]);
        bed
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        self.plane.kubectl().run(&arguments).unwrap().ok().unwrap()
    }

    fn secret(&self) {
        let (key, secret) = Sim::admin_key();
        let (key, secret) = (format!("--from-literal=key={key}"), format!("--from-literal=secret={secret}"));
        self.kubectl(&["create", "secret", "generic", "pureport", &key, &secret]);
    }

    fn plan_as(&self, kubeconfig: &Path, more: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_orgform"))
            .args(["plan", "--cluster", "--namespace", &self.namespace])
            .args(more)
            .env("KUBECONFIG", kubeconfig)
            // No root is needed.
            .current_dir(std::env::temp_dir())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn plan(&self, more: &[&str]) -> Said {
        self.plan_as(&self.plane.kubeconfig(), more)
    }

    fn operator(&self) -> Operator {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_orgform")).with_file_name("orgform-operator");
        let child = Command::new(program)
            .args(["--listen=127.0.0.1:0", "--log-level=error", &format!("--namespace={}", self.namespace)])
            .arg(format!("--lease-namespace={}", self.namespace))
            .env("KUBECONFIG", self.plane.kubeconfig())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Operator(child)
    }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_plan_of_a_cluster_is_that_of_files_and_writes_nothing() {
    let bed = Bed::new();
    let said = bed.plan(&[]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("there is no Secret pureport"), "{}", said.err);

    bed.secret();
    let said = bed.plan(&["--detailed-exitcode"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(said.out.contains("+ ada@acme.example") && said.out.contains("mail"), "{}", said.out);
    assert_eq!((bed.sim.stats().writes, bed.sim.stats().mails), (0, 0));
    assert_eq!(bed.kubectl(&["get", "orgform", "-o", "jsonpath={.items[*].status}"]), "");

    let operator = bed.operator();
    let kinds = "oprov,oacc,orole,omem,okey";
    bed.kubectl(&["wait", "--for=condition=Ready", kinds, "--all", "--timeout=180s"]);
    drop(operator);
    let writes = bed.sim.stats().writes;
    let said = bed.plan(&["--detailed-exitcode"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("nothing to do"), "what the operator remembers is known here: {}", said.out);

    // Nobody is there to carry it out: the plan shows what would come of it.
    bed.kubectl(&["delete", "omem", "--all", "--wait=false"]);
    let said = bed.plan(&[]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    let commands =
        ["keep=sha256:", "remove=sha256:"].map(|what| format!("--overwrite orgform.dev/release={what}"));
    assert!(said.out.contains("Held"), "{}{}", said.out, said.err);
    assert!(commands.iter().all(|one| said.out.contains(one)), "{}{}", said.out, said.err);
    assert_eq!(bed.sim.stats().writes, writes);

    // Whoever may not see all namespaces can't know that nobody else declares these people.
    bed.kubectl(&["create", "serviceaccount", "reader"]);
    let kinds = ["providers", "accounts", "roles", "members", "apikeys"];
    let ours = kinds.map(|kind| format!("--resource={kind}.orgform.dev"));
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let role = ["create", "role", "reader", "--verb=get,list", "--resource=secrets"];
    bed.kubectl(&[&role[..], &ours].concat());
    let account = format!("--serviceaccount={}:reader", bed.namespace);
    bed.kubectl(&["create", "rolebinding", "reader", "--role=reader", &account]);
    let reader = bed.plane.kubeconfig_of(&bed.namespace, "reader").unwrap();
    let said = bed.plan_as(&reader, &[]);
    assert!(
        said.out.contains("only the namespace") && !said.out.contains("Held"),
        "{}{}",
        said.out,
        said.err
    );
}
