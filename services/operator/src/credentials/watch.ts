import { isDeepStrictEqual } from "node:util";
import type { LoginStatus } from "@moodle-platform/api";
import type { Stores } from "@moodle-platform/database-roles";
import { describeError } from "../api-server/errors";
import { keyOf } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { Slots } from "../helm/slots";
import type { Finding } from "../kernel/conditions";
import type { Log } from "../kernel/log";
import type { MoodleCluster } from "../kernel/types";
import type { Access } from "./access";
import { judge } from "./judge";
import { type Login, loginsOf } from "./logins";
import {
  type Checked,
  credentialsFinding,
  EXTERNAL_SECRET,
  type ExternalSecret,
  isCopied,
  nextLogin,
} from "./rotation";

export interface CredentialWatchProps {
  readonly stores: Stores;
  readonly access: Access;
  readonly resources: Pick<Resources, "get">;
  /** Milliseconds between two checks of a site whose logins are as they should be. */
  readonly interval: number;
  /** Has a site looked at again. */
  readonly enqueue: (key: string) => void;
  readonly log: Log;
  readonly random?: () => number;
}

/** Milliseconds until the next check where a login is refused or cannot be tried, and while a new one is copied. */
const SOON = { refused: 15_000, copying: 5_000 };

/** Checks at a time, over all sites: each may wait for a database that does not answer. */
const AT_ONCE = 8;

interface Known {
  readonly logins: readonly LoginStatus[];
  /** Nothing where this process has not checked yet. */
  readonly finding?: Finding;
  readonly due: number;
}

/**
 * Watches the versions of sites' logins in their stores. A version counts from when a login with it has worked; what
 * became of that is in the status, so that another process goes on from there.
 */
export class CredentialWatch {
  private readonly known = new Map<string, Known>();
  private readonly running = new Set<string>();
  private readonly slots = new Slots(AT_ONCE);

  constructor(private readonly props: CredentialWatchProps) {}

  /**
   * Checks a site where it is due. Waits for that only where no version is known, so that a site does not begin with one
   * and go on with another; otherwise the site is looked at again once something is found.
   */
  async observe(cluster: MoodleCluster): Promise<void> {
    const key = keyOf(cluster);
    const logins = loginsOf(cluster.spec, this.props.stores);
    if (logins.length === 0) {
      this.known.delete(key);
      return;
    }
    if (this.running.has(key) || this.due(key) > 0) return;
    const before = this.loginsOf(cluster);
    const isNew = logins.some(({ name }) => !before.some((one) => one.name === name));
    if (!isNew && !this.known.has(key) && isAtRest(cluster)) {
      // After a start not all at once: as if each had been checked at some time in the last interval.
      const { interval, random = Math.random } = this.props;
      this.known.set(key, { logins: before, due: Date.now() + random() * interval });
      return;
    }
    this.running.add(key);
    const check = this.check(cluster, logins).finally(() => this.running.delete(key));
    if (isNew) await check;
    else void check.then(() => this.props.enqueue(key));
  }

  /** Milliseconds until a site is due; undefined where nothing is watched. */
  again(key: string): number | undefined {
    return this.known.has(key) && !this.running.has(key) ? this.due(key) : undefined;
  }

  /** Versions that the site is given. */
  loginsOf({ metadata, status, spec }: MoodleCluster): readonly LoginStatus[] {
    const watched = loginsOf(spec, this.props.stores);
    const known = this.known.get(`${metadata.namespace}/${metadata.name}`)?.logins ?? status?.logins ?? [];
    return known.filter(({ name, key }) => watched.some((login) => login.name === name && login.key === key));
  }

  /** The condition, where logins are watched. */
  findings(cluster: MoodleCluster): Finding[] {
    if (loginsOf(cluster.spec, this.props.stores).length === 0) return [];
    const finding = this.known.get(keyOf(cluster))?.finding;
    if (finding !== undefined) return [finding];
    return cluster.status?.conditions?.filter(({ type }) => type === "CredentialsCurrent") ?? [];
  }

  /** All pods were replaced: what was rolled out is in use. */
  settled(cluster: MoodleCluster): void {
    const key = keyOf(cluster);
    const logins = this.loginsOf(cluster);
    const known = this.known.get(key);
    if (known === undefined || !logins.some(({ phase }) => phase === "RollingOut")) return;
    // The next check, at once, is the first to say so.
    const inUse = logins.map((login): LoginStatus => ({ ...login, phase: "InUse" }));
    this.known.set(key, { ...known, logins: inUse, due: Date.now() });
  }

  /** Something is wrong with a site, which may be its login: the next check comes soon. */
  suspect(cluster: MoodleCluster): void {
    const key = keyOf(cluster);
    const known = this.known.get(key);
    if (known !== undefined) this.known.set(key, { ...known, due: Math.min(known.due, Date.now() + SOON.refused) });
  }

  forget(key: string): void {
    this.known.delete(key);
  }

  private due(key: string): number {
    return Math.max(0, (this.known.get(key)?.due ?? 0) - Date.now());
  }

  private async check(cluster: MoodleCluster, logins: readonly Login[]): Promise<void> {
    const key = keyOf(cluster);
    const checks = await Promise.all(logins.map((login) => this.slots.with(() => this.checkOne(cluster, login))));
    const before = this.loginsOf(cluster);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const next = checks.flatMap((checked) => {
      const known = before.find(({ name }) => name === checked.login.name);
      return nextLogin(known, checked, now) ?? [];
    });
    if (!isDeepStrictEqual(next, before)) this.props.log.info({ key, logins: next }, "logins");
    const finding = credentialsFinding(checks, next);
    this.known.set(key, { logins: next, finding, due: Date.now() + this.pause(checks, next) });
  }

  private async checkOne(cluster: MoodleCluster, login: Login): Promise<Checked> {
    const known = this.loginsOf(cluster).find(({ name }) => name === login.name);
    const verdict = await judge(login, known?.version, this.props.access);
    const isBeingCopied = known?.phase === "Synchronizing";
    return {
      login,
      verdict,
      isCopied: isBeingCopied && isCopied(await this.externalSecret(cluster, login), known.version),
    };
  }

  private async externalSecret({ metadata }: MoodleCluster, login: Login): Promise<ExternalSecret | undefined> {
    const { namespace, name } = metadata;
    try {
      return await this.props.resources.get<ExternalSecret>(EXTERNAL_SECRET, namespace, `${name}-${login.name}`);
    } catch (error) {
      this.props.log.warn({ namespace, name, error: describeError(error) }, "the ExternalSecret cannot be read");
      return undefined;
    }
  }

  private pause(checks: readonly Checked[], logins: readonly LoginStatus[]): number {
    if (logins.some(({ phase }) => phase === "Synchronizing")) return SOON.copying;
    return checks.every(({ verdict }) => verdict.kind === "works") ? this.props.interval : SOON.refused;
  }
}

/** Nothing is wrong with its logins, and none is on its way. */
function isAtRest({ status }: MoodleCluster): boolean {
  const condition = status?.conditions?.find(({ type }) => type === "CredentialsCurrent");
  return condition?.status === "True" && status?.logins?.every(({ phase }) => phase === "InUse") === true;
}
