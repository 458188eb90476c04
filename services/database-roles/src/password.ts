import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/**
 * A new password: 32 characters of `A-Z a-z 0-9 - _`, 192 random bits. At least one character of each kind, because the
 * password policies of Cloud SQL and of Moodle ask for it; no longer, because RDS takes at most 41 characters for
 * MySQL and MariaDB.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
 */
export function generatePassword(): string {
  for (;;) {
    const password = randomBytes(24).toString("base64url");
    if ([/[A-Z]/, /[a-z]/, /[0-9]/, /[-_]/].every((kind) => kind.test(password))) return password;
  }
}

/**
 * What PostgreSQL stores of a password, computed here so that the password itself reaches neither the server's log nor
 * its statistics. Only for ASCII, where SASLprep changes nothing.
 * https://www.postgresql.org/docs/current/catalog-pg-authid.html, RFC 5802
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/**
 * What MariaDB stores of a password for `mysql_native_password`, its default plugin.
 * https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/
 */
export function nativePasswordHash(password: string): string {
  const sha1 = (data: string | Buffer) => createHash("sha1").update(data).digest();
  return `*${sha1(sha1(password)).toString("hex").toUpperCase()}`;
}
