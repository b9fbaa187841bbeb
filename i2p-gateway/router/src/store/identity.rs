//! The router's keys, and its RouterInfo, from which emissary takes the rest of its identity.

use emissary_core::primitives::RouterInfo;

use crate::runtime::TokioRuntime;

/// First bytes of the file; the digit is the version.
const MAGIC: &[u8; 8] = b"dw-i2pr1";

/// Lengths of the keys, in the order in which the file has them.
const KEYS_BYTES: usize = 32 + 32 + 32 + 16;

/// Keys of one router.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// X25519, encryption to the router.
    pub(crate) static_key: [u8; 32],
    /// Ed25519, the router's signatures.
    pub(crate) signing_key: [u8; 32],
    /// X25519, the NTCP2 transport.
    pub(crate) ntcp2_key: [u8; 32],
    /// Obfuscation of the NTCP2 transport.
    pub(crate) ntcp2_iv: [u8; 16],
    /// The last RouterInfo; none before the first start.
    pub(crate) router_info: Option<Vec<u8>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    pub(crate) fn generate() -> Self {
        let mut keys = [0; KEYS_BYTES];
        getrandom::fill(&mut keys).expect("the system has randomness");
        Self::from_keys(&keys, None)
    }

    fn from_keys(keys: &[u8; KEYS_BYTES], router_info: Option<Vec<u8>>) -> Self {
        let key = |start: usize| keys[start..start + 32].try_into().expect("32 bytes");
        Self {
            static_key: key(0),
            signing_key: key(32),
            ntcp2_key: key(64),
            ntcp2_iv: keys[96..].try_into().expect("16 bytes"),
            router_info,
        }
    }

    /// The file's bytes: magic, keys, RouterInfo.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let router_info = self.router_info.as_deref().unwrap_or_default();
        [MAGIC.as_slice(), &self.static_key, &self.signing_key, &self.ntcp2_key, &self.ntcp2_iv, router_info]
            .concat()
    }

    /// Reads [`Identity::encode`]'s bytes; `None` if they are damaged. emissary panics on a
    /// RouterInfo that it cannot read, so it is checked here.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (keys, router_info) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<KEYS_BYTES>()?;
        let identity = Self::from_keys(keys, Some(router_info.to_vec()));
        let parsed = RouterInfo::parse::<TokioRuntime>(router_info).ok()?;
        let public = parsed.identity.signing_key();
        let ours: &[u8] = &crate::ed25519_public_key(identity.signing_key);
        (AsRef::<[u8]>::as_ref(public) == ours).then_some(identity)
    }
}
