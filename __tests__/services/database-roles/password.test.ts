import { createHmac } from "node:crypto";
import { generatePassword, nativePasswordHash, scramVerifier } from "../../../services/database-roles/src/password";

test("a generated password fits the policies of RDS, Cloud SQL and Moodle", () => {
  for (let i = 0; i < 200; i++) {
    const password = generatePassword();
    expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/);
    for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[-_]/]) expect(password).toMatch(kind);
  }
});

test("no two generated passwords are the same", () => {
  expect(new Set(Array.from({ length: 200 }, generatePassword)).size).toBe(200);
});

// The exchange of RFC 7677, section 3: with the verifier's server key, the server signs as it does there.
test("a SCRAM verifier agrees with the example of RFC 7677", () => {
  const verifier = scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const [, parameters, keys] = verifier.split("$");
  expect(parameters).toBe("4096:W22ZaJ0SNY7soEsUEjb6gQ==");
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  const serverKey = Buffer.from(keys?.split(":")[1] ?? "", "base64");
  const signature = createHmac("sha256", serverKey).update(message).digest("base64");
  expect(signature).toBe("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("two SCRAM verifiers of one password differ by their salt", () => {
  expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
});

test("a native password hash is the one that MariaDB's PASSWORD() gives", () => {
  expect(nativePasswordHash("password")).toBe("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
});
