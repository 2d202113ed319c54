//! Secrets at rest, and the hashes of tokens.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use entities::TeamId;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::ids::Ids;

/// Encrypts what teams entrust to us and signs what we hand out. The keys are derived from
/// `POSTVENTA_SECRET_KEY`, one for each purpose.
#[derive(Clone)]
pub struct Vault {
    encryption: [u8; 32],
    signing: [u8; 32],
}

impl Vault {
    /// `master` should carry 256 bits of randomness.
    pub fn new(master: &[u8]) -> Self {
        Self {
            encryption: derive(master, b"postventa encryption v1"),
            signing: derive(master, b"postventa signing v1"),
        }
    }

    /// Encrypts a secret for one team and one name: moved to another row it does not open.
    pub fn seal(
        &self,
        ids: &dyn Ids,
        team: TeamId,
        name: &str,
        secret: &SecretString,
    ) -> anyhow::Result<Vec<u8>> {
        let random = ids.secret();
        let nonce = &random[..24];
        let context = format!("{team}/{name}");
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: context.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::try_from(nonce)?, payload)
            .map_err(|_| anyhow::anyhow!("cannot encrypt {name}"))?;
        Ok([nonce, &sealed].concat())
    }

    pub fn open(&self, team: TeamId, name: &str, sealed: &[u8]) -> anyhow::Result<SecretString> {
        let (nonce, body) = sealed
            .split_at_checked(24)
            .ok_or_else(|| anyhow::anyhow!("the stored {name} is cut off"))?;
        let context = format!("{team}/{name}");
        let payload = Payload {
            msg: body,
            aad: context.as_bytes(),
        };
        let opened = self
            .cipher()
            .decrypt(&XNonce::try_from(nonce)?, payload)
            .map_err(|_| anyhow::anyhow!("the stored {name} does not open with this POSTVENTA_SECRET_KEY"))?;
        Ok(String::from_utf8(opened)?.into())
    }

    /// A signature over `text`, for links and addresses that we hand out.
    pub fn sign(&self, text: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.mac(text).finalize().into_bytes())
    }

    /// In constant time.
    pub fn verify(&self, text: &str, signature: &str) -> bool {
        BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|bytes| self.mac(text).verify_slice(&bytes).is_ok())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.encryption))
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = hmac_of(&self.signing);
        mac.update(text.as_bytes());
        mac
    }
}

fn derive(master: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut mac = hmac_of(master);
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

fn hmac_of(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// A secret for somebody to carry: shown once, and known to us only by its hash.
pub struct Token {
    pub shown: String,
    pub hash: Vec<u8>,
}

impl Token {
    /// 256 random bits behind a prefix by which people and scanners recognise it.
    pub fn new(ids: &dyn Ids, prefix: &str) -> Self {
        let shown = format!("{prefix}_{}", BASE64_URL_SAFE_NO_PAD.encode(ids.secret()));
        let hash = Self::hash(&shown);
        Self { shown, hash }
    }

    /// Tokens have too much entropy to be guessed: a plain hash keeps them safe at rest.
    pub fn hash(shown: &str) -> Vec<u8> {
        Sha256::digest(shown.as_bytes()).to_vec()
    }
}
