/** Forms in which a secret may turn up. */
const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(secret).slice(1, -1),
  encodeURIComponent,
  (secret) => Buffer.from(secret).toString("base64"),
];

/** Blots secrets out of all output, whoever quoted them. It is told of each before it is used. */
export class Concealer {
  private readonly forms = new Set<string>();

  /** A text of fewer than 8 characters is no secret, and would blot out half of the output. */
  add(secret: string): string {
    if (secret.length >= 8) for (const form of FORMS) this.forms.add(form(secret));
    return secret;
  }

  conceal(text: string): string {
    let concealed = text;
    for (const form of this.forms) concealed = concealed.replaceAll(form, "[concealed]");
    return concealed;
  }
}
