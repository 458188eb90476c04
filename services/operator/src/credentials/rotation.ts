import type { LoginStatus } from "@moodle-platform/api";
import type { KubeObject, ResourceType } from "../api-server/object";
import type { Finding } from "../kernel/conditions";
import type { Verdict } from "./judge";
import type { Login } from "./logins";

export const EXTERNAL_SECRET: ResourceType = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  plural: "externalsecrets",
};

export interface ExternalSecret extends KubeObject {
  readonly spec: { readonly data?: readonly { readonly remoteRef: { readonly version?: string } }[] };
  readonly status?: {
    readonly syncedResourceVersion?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** What one check found of a login. */
export interface Checked {
  readonly login: Login;
  readonly verdict: Verdict;
  /** Whether the cluster's Secret is a copy of the version that the site is given. */
  readonly isCopied: boolean;
}

/**
 * The next state of a login. A version that works is first given to External Secrets, then pods are replaced, and the
 * login before is in use until all of them are: at no time does a pod start with a version that was not tried.
 * The first version that is found is the one that pods have: nothing is replaced for it.
 */
export function nextLogin(known: LoginStatus | undefined, checked: Checked, now: string): LoginStatus | undefined {
  const { login, verdict, isCopied } = checked;
  const { name, key } = login;
  if (known === undefined || known.key !== key) {
    return verdict.kind === "works" ? { name, key, version: verdict.version, phase: "InUse" } : undefined;
  }
  if (verdict.kind === "works" && verdict.version !== known.version) {
    return { ...known, version: verdict.version, phase: "Synchronizing" };
  }
  if (known.phase === "Synchronizing" && isCopied) return { ...known, phase: "RollingOut", restartedAt: now };
  return known;
}

/** Whether External Secrets has copied what an ExternalSecret asks for now, and that is this version. */
export function isCopied(object: ExternalSecret | undefined, version: string): boolean {
  const asked = object?.spec.data?.map(({ remoteRef }) => remoteRef.version ?? "") ?? [];
  const isReady = object?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  // It begins with the generation that was copied.
  const generation = Number(object?.status?.syncedResourceVersion?.split("-")[0]);
  const isAsked = asked.length > 0 && asked.every((one) => one === version || one === `uuid/${version}`);
  return isAsked && isReady === true && generation === object?.metadata.generation;
}

const PHASES = {
  Synchronizing: "works, and External Secrets is to copy it",
  RollingOut: "works, and pods are being replaced so that all have it: the login before must go on working",
} as const;

/** The condition CredentialsCurrent: the worst that there is to say, of all logins. */
export function credentialsFinding(checks: readonly Checked[], logins: readonly LoginStatus[]): Finding {
  const type = "CredentialsCurrent";
  const messages = (list: readonly { readonly message: string }[]) => list.map(({ message }) => message).join("; ");
  const verdicts = checks.map(({ verdict }) => verdict);
  const refused = verdicts.filter((verdict) => verdict.kind === "refused");
  if (refused[0] !== undefined) {
    return { type, status: "False", reason: refused[0].reason, message: messages(refused) };
  }
  const unknown = verdicts.filter((verdict) => verdict.kind === "unknown");
  if (unknown[0] !== undefined) {
    return { type, status: "Unknown", reason: unknown[0].reason, message: messages(unknown) };
  }
  for (const phase of ["Synchronizing", "RollingOut"] as const) {
    const under = logins.filter((login) => login.phase === phase);
    const message = under.map(({ key, version }) => `version ${version} of ${key} ${PHASES[phase]}`).join("; ");
    if (under.length > 0) return { type, status: "False", reason: phase, message };
  }
  const message = logins.map(({ key, version }) => `all pods have version ${version} of ${key}`).join("; ");
  return { type, status: "True", reason: "Current", message };
}
