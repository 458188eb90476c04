import { exitCodeOf } from "../../../services/backup/src/errors";
import type { Fault } from "./faulty-proxy";
import { type ProxiedServer, ProxiedSite } from "./proxied-site";

const FAULTS: readonly Fault[] = ["503", "lost answer", "half a body", "stall", "silence"];

/** Something that is done with a server, any of whose requests may fail. */
export interface Task<T> {
  /** Of one server, no two tasks have the same. */
  readonly name: string;
  /** Every kind of request that `run` makes. */
  readonly calls: readonly string[];
  /** Once for a site, without faults. */
  begin?(site: ProxiedSite): Promise<void>;
  /** Before each run, without faults. */
  prepare(site: ProxiedSite): Promise<T>;
  run(site: ProxiedSite, prepared: T): Promise<void>;
  /** Fails where it is not as it is after a run without faults. */
  check?(site: ProxiedSite, prepared: T): Promise<void>;
  /** Fails where a run did harm that ended with an error. */
  checkFailed?(site: ProxiedSite, prepared: T): Promise<void>;
}

interface Server extends ProxiedServer {
  makeBucket(name: string, options?: { readonly versioned?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Sites on one server, each with faults of its own. */
export class FaultySites {
  private readonly sites: ProxiedSite[] = [];

  private constructor(private readonly server: Server) {}

  /** On a server that has nothing yet, and ends with them. */
  static async on(server: Server): Promise<FaultySites> {
    await server.makeBucket("moodle", { versioned: true });
    await server.makeBucket("backup");
    await server.makeBucket("restored");
    return new FaultySites(server);
  }

  async found(name: string): Promise<ProxiedSite> {
    const site = await ProxiedSite.found(this.server, name);
    this.sites.push(site);
    return site;
  }

  async stop(): Promise<void> {
    await Promise.all(this.sites.map(({ proxy }) => proxy.stop()));
    await this.server.stop();
  }

  /** What a task asks for where nothing fails: the first time, and again. */
  async asked<T>(task: Task<T>): Promise<string[]> {
    const site = await this.found(`${task.name} fair`);
    await task.begin?.(site);
    const asked = new Set<string>();
    for (let time = 0; time < 3; time++) {
      const prepared = await task.prepare(site);
      site.asked();
      await task.run(site, prepared);
      for (const call of site.asked()) asked.add(call);
    }
    return [...asked].sort();
  }

  /** In each run, lets the requests of one kind of a task fail once, in one way. */
  async failOneByOne<T>(task: Task<T>): Promise<void> {
    await this.failOnce(
      task,
      task.calls.map((call) => [call]),
    );
  }

  /** In one run for each way to fail, lets the requests of each kind of a task fail once. */
  async failOnce<T>(task: Task<T>, runs: readonly (readonly string[])[] = [task.calls]): Promise<void> {
    // Most of their time is spent waiting.
    await Promise.all(
      FAULTS.map(async (fault) => {
        const site = await this.found(`${task.name} ${fault}`);
        await task.begin?.(site);
        for (const calls of runs) {
          const prepared = await task.prepare(site);
          site.proxy.fail(fault, calls);
          const failure = await task.run(site, prepared).then(
            () => undefined,
            (error) => error,
          );
          const told = { task: task.name, fault, calls };
          expect({ ...told, failure, spared: site.proxy.heal() }).toEqual({ ...told, spared: [] });
          await task.check?.(site, prepared);
        }
      }),
    );
  }

  /** Lets each request of a task fail for good: it ends with a message, and succeeds when the server is well again. */
  async failForGood<T>(task: Task<T>): Promise<void> {
    await Promise.all(
      task.calls.map(async (call, index) => {
        const site = await this.found(`${task.name} stays ${index}`);
        await task.begin?.(site);
        const prepared = await task.prepare(site);
        site.proxy.fail("503", [call], 1000);
        const error = await task.run(site, prepared).catch((failure) => failure);
        expect({ call, failed: error instanceof Error }).toEqual({ call, failed: true });
        expect(exitCodeOf(error)).toBe(1);
        expect(error.message).toMatch(/^(s3|gs):\/\/(moodle|backup|restored)\/[a-z0-9-]+\/: .* 503$/);
        site.proxy.heal();
        await task.checkFailed?.(site, prepared);
        await task.run(site, prepared);
        await task.check?.(site, prepared);
      }),
    );
  }
}
