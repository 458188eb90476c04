/** The field types that the schema is made of: each says in one sentence what it accepts. */
import { Netmask } from "netmask";
import { z } from "zod";

// By default zod compiles a schema at its first use, which costs more than it saves, with fifty environments as well.
z.config({ jitless: true });

/** A string that matches `pattern`; `allowed` is what the reader of an error is told. */
export function matching(pattern: RegExp, allowed: string) {
  return z.string().regex(pattern, { error: allowed });
}

export const count = (min: number, max: number) => z.int().min(min).max(max);

/** Ends the description of a field that `sizing` fills where it is left out. */
export const BY_SIZE = "Default: by `sizing`.";

export const hostname = matching(
  /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
  "a host name in lower case, such as moodle.example.edu",
);

export const email = matching(/^[^@\s"']+@[^@\s"']+\.[^@\s"'.]+$/, "an e-mail address");

/** A network in CIDR notation, written with its first address. */
export function cidr(longestPrefix: number, shortestPrefix: number) {
  const allowed = `a private IPv4 network between /${shortestPrefix} and /${longestPrefix}, written with its first address, such as 10.20.0.0/16`;
  return z.string().refine(
    (text) => {
      const block = parseCidr(text);
      return (
        block !== undefined && isPrivate(block) && block.bitmask >= shortestPrefix && block.bitmask <= longestPrefix
      );
    },
    { error: allowed },
  );
}

/** Any network, public ones too: for lists of who may connect. */
export const clientCidr = z.string().refine((text) => parseCidr(text) !== undefined, {
  error: "an IPv4 network in CIDR notation, such as 203.0.113.0/24",
});

/** `undefined` where the text is not a network written with its first address. */
export function parseCidr(text: string): Netmask | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(text)) return undefined;
  try {
    const block = new Netmask(text);
    return `${block.base}/${block.bitmask}` === text ? block : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 1918, and the shared space of RFC 6598 that GKE and EKS also take for pods. */
function isPrivate(block: Netmask): boolean {
  return ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].some((range) =>
    new Netmask(range).contains(block),
  );
}

/** One that this Node's own data of time zones has. */
export const timeZoneName = z.string().refine(
  (text) => {
    try {
      return Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "" && /^[A-Za-z]/.test(text);
    } catch {
      return false;
    }
  },
  { error: "the name of a time zone, such as Europe/Vienna" },
);

const CRON_FIELD = "(\\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[0-9]{1,2})?";
export const cronSchedule = matching(
  new RegExp(`^${Array(5).fill(`${CRON_FIELD}(,${CRON_FIELD})*`).join(" ")}$`),
  'five cron fields in figures, such as "15 2 * * *"',
);

/** A tag of an image, or better the digest of one. */
export const imageVersion = matching(
  /^([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|sha256:[0-9a-f]{64})$/,
  "a tag such as 0.1.0, or a digest: sha256: and 64 hexadecimal digits",
);
