import { describeError, isConflict } from "../api-server/errors";
import type { KubeObject, ResourceType } from "../api-server/object";
import type { Resources } from "../api-server/resources";
import { sleep } from "./backoff";
import type { Log } from "./log";

export const LEASE: ResourceType = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };

interface Lease extends KubeObject {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Milliseconds. A dead leader is replaced after `duration` and at most one `retry`. */
export interface LeaseTimes {
  readonly duration: number;
  /** Without a renewal for so long, a leader stops: well before another may begin. */
  readonly deadline: number;
  readonly retry: number;
}

export const LEASE_TIMES: LeaseTimes = { duration: 15_000, deadline: 10_000, retry: 2_000 };

export interface LeaderElectionProps {
  readonly resources: Pick<Resources, "get" | "create" | "replace">;
  readonly namespace: string;
  readonly name: string;
  /** Different for every process that ever was. */
  readonly identity: string;
  readonly times?: LeaseTimes;
  readonly log: Log;
}

/**
 * One leader among several processes, by a Lease that is only ever replaced at the version that was read. No clock is
 * compared with another machine's: a lease has expired when this process has not seen it change for its duration.
 */
export class LeaderElection {
  private readonly times: LeaseTimes;
  private seen: { readonly version?: string; readonly at: number } = { at: 0 };
  private held: Lease | undefined;

  constructor(private readonly props: LeaderElectionProps) {
    this.times = props.times ?? LEASE_TIMES;
  }

  get isLeader(): boolean {
    return this.held !== undefined;
  }

  /** Waits until this process leads. */
  async acquire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await this.tryAcquire()) return;
      } catch (error) {
        this.props.log.warn({ error: describeError(error) }, "the lease cannot be read or taken");
      }
      await sleep(this.times.retry, signal);
    }
  }

  /** Renews the lease until the signal fires; throws when it is lost. */
  async hold(signal: AbortSignal): Promise<void> {
    let renewed = performance.now();
    while (!signal.aborted) {
      await sleep(this.times.retry, signal);
      if (signal.aborted) return;
      try {
        await this.renew();
        renewed = performance.now();
      } catch (error) {
        if (error instanceof LeaseLost || performance.now() - renewed > this.times.deadline) {
          this.held = undefined;
          throw new LeaseLost(describeError(error));
        }
        this.props.log.warn({ error: describeError(error) }, "the lease could not be renewed");
      }
    }
  }

  /** Gives the lease back, so that nobody has to wait for its end. */
  async release(): Promise<void> {
    const held = this.held;
    this.held = undefined;
    if (held === undefined) return;
    const spec = { ...held.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime() };
    await this.props.resources.replace(LEASE, { ...held, spec });
  }

  private async tryAcquire(): Promise<boolean> {
    const { resources, namespace, name, identity } = this.props;
    const lease = await resources.get<Lease>(LEASE, namespace, name);
    try {
      if (lease === undefined) {
        const fresh: Lease = {
          apiVersion: LEASE.apiVersion,
          kind: LEASE.kind,
          metadata: { namespace, name },
          spec: this.claim(0),
        };
        this.held = await resources.create(LEASE, fresh);
        return true;
      }
      if (!this.mayTake(lease)) return false;
      const spec = this.claim((lease.spec.leaseTransitions ?? 0) + 1);
      this.held = await resources.replace(LEASE, { ...lease, spec });
      this.props.log.info({ identity, before: lease.spec.holderIdentity }, "took the lease");
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  private mayTake(lease: Lease): boolean {
    const { holderIdentity, leaseDurationSeconds } = lease.spec;
    if (!holderIdentity) return true;
    const version = lease.metadata.resourceVersion;
    if (version !== this.seen.version) this.seen = { version, at: performance.now() };
    return performance.now() - this.seen.at > (leaseDurationSeconds ?? this.times.duration / 1000) * 1000;
  }

  private async renew(): Promise<void> {
    const { resources, namespace, name, identity } = this.props;
    if (this.held === undefined) throw new LeaseLost("it is not held");
    try {
      const spec = { ...this.held.spec, renewTime: microTime() };
      this.held = await resources.replace(LEASE, { ...this.held, spec });
    } catch (error) {
      if (!isConflict(error)) throw error;
      const lease = await resources.get<Lease>(LEASE, namespace, name);
      if (lease?.spec.holderIdentity !== identity)
        throw new LeaseLost(`${lease?.spec.holderIdentity || "nobody"} has it`);
      this.held = lease;
    }
  }

  private claim(leaseTransitions: number): Lease["spec"] {
    const now = microTime();
    return {
      holderIdentity: this.props.identity,
      leaseDurationSeconds: Math.ceil(this.times.duration / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
  }
}

/** Another process may lead: this one must do nothing more. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** As MicroTime has it: six decimals. */
export function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
