import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from "node:crypto";
import { BackupError } from "../errors";

/** What a signature is for, so that none passes for another kind. */
export type SignedKind = "snapshot" | "plan" | "verification" | "drill";

/** DER of a PKCS #8 Ed25519 key, up to its 32 bytes: RFC 8410, section 7. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SHORTEST_SECRET = 32;

/** Signs for one repository. */
export class SigningKey {
  /** Raw, base64url. */
  readonly publicKey: string;
  private readonly key: KeyObject;

  /** `secret` is a random text; the key is HKDF-SHA-256 of it. */
  constructor(secret: string) {
    if (secret.length < SHORTEST_SECRET) {
      throw new BackupError(
        `the signing secret has ${secret.length} characters; make one of at least ${SHORTEST_SECRET}, such as with: openssl rand -base64 32`,
      );
    }
    const seed = Buffer.from(hkdfSync("sha256", secret, "", "moodle-backup signing key", 32));
    this.key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
    this.publicKey = createPublicKey(this.key).export({ format: "jwk" }).x ?? "";
  }

  /** The file's text: the payload with its signature. */
  seal(kind: SignedKind, payload: unknown): string {
    const signature = sign(null, message(kind, payload), this.key).toString("base64url");
    return `${JSON.stringify({ payload, signature }, undefined, 1)}\n`;
  }
}

/** The payload of a sealed text, or nothing where it is no such text or not signed by that key. */
export function unseal(kind: SignedKind, text: string, publicKey: string): unknown {
  let envelope: { payload?: unknown; signature?: unknown };
  try {
    envelope = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof envelope !== "object" || envelope === null || typeof envelope.signature !== "string") return undefined;
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
  const signature = Buffer.from(envelope.signature, "base64url");
  return verify(null, message(kind, envelope.payload), key, signature) ? envelope.payload : undefined;
}

function message(kind: SignedKind, payload: unknown): Buffer {
  return Buffer.from(`moodle-backup ${kind}\n${canonical(JSON.parse(JSON.stringify(payload ?? null)))}`);
}

/** JSON with keys in order: however it is written, one content is one text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}
