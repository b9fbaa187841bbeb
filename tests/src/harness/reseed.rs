//! A reseed server for private I2P networks, behind the exit of a private Tor network.
//!
//! It is `tests/python/reseed_server.py`, which makes its su3 files with `openssl` and nothing of ours.

use super::{namespace, python::PythonProgram};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const SCRIPT: &str = "reseed_server.py";
/// Who signs.
const SIGNER: &str = "seeds@example.test";
/// Its host name, which only the exit relay's name server knows.
pub const HOST: &str = "seeds.example.test";
/// For two RSA keys of 4,096 bits.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A server that runs. Dropping it ends it.
pub struct ReseedServer {
    program: PythonProgram,
    keys: PathBuf,
    router_infos: PathBuf,
    port: u16,
}

/// Which of its files.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Signed by the right signer.
    Good,
    /// One bit changed after it was signed.
    Damaged,
    /// Signed with another key in the signer's name.
    Wrong,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Damaged => "damaged",
            Self::Wrong => "wrong",
        }
    }
}

impl ReseedServer {
    /// Makes keys in `dir` and serves the RouterInfos of a folder on a port of 127.0.0.1.
    pub fn start(dir: &Path, router_infos: &Path) -> anyhow::Result<Self> {
        namespace::assert_loopback_only()?;
        let keys = dir.join("reseed-keys");
        python(&[
            "keys".as_ref(),
            keys.as_os_str(),
            "--signer".as_ref(),
            SIGNER.as_ref(),
            "--host".as_ref(),
            HOST.as_ref(),
        ])?;
        let arguments: [&std::ffi::OsStr; 6] = [
            "serve".as_ref(),
            router_infos.as_ref(),
            "--keys".as_ref(),
            keys.as_ref(),
            "--signer".as_ref(),
            SIGNER.as_ref(),
        ];
        let mut program = PythonProgram::start(SCRIPT, arguments)?;
        let ready =
            program.next(Instant::now() + START_TIMEOUT)?.context("the reseed server does not start")?;
        let port = ready["port"].as_u64().and_then(|port| port.try_into().ok()).context("no port")?;
        Ok(Self { program, keys, router_infos: router_infos.to_owned(), port })
    }

    /// Where it serves this kind of file.
    pub fn url(&self, kind: Kind) -> String {
        format!("https://{HOST}:{}/{}/i2pseeds.su3", self.port, kind.name())
    }

    /// The certificate of the signer.
    pub fn su3_certificate(&self) -> PathBuf {
        self.keys.join("signer.crt")
    }

    /// The certificate of the server.
    pub fn tls_root(&self) -> PathBuf {
        self.keys.join("tls.crt")
    }

    /// Writes such a file to `out`, for an operator who has it on a stick.
    pub fn write(&self, kind: Kind, out: &Path) -> anyhow::Result<()> {
        python(&[
            "build".as_ref(),
            self.router_infos.as_os_str(),
            "--keys".as_ref(),
            self.keys.as_os_str(),
            "--signer".as_ref(),
            SIGNER.as_ref(),
            "--kind".as_ref(),
            kind.name().as_ref(),
            "--out".as_ref(),
            out.as_os_str(),
        ])
    }

    /// The requests since the last call.
    pub fn requests(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut requests = Vec::new();
        while let Some(request) = self.program.next(Instant::now() + Duration::from_millis(200))? {
            requests.push(request);
        }
        Ok(requests)
    }
}

fn python(arguments: &[&std::ffi::OsStr]) -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(SCRIPT);
    let output = Command::new(super::python::interpreter()).arg(script).args(arguments).output()?;
    ensure!(output.status.success(), "{SCRIPT}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
