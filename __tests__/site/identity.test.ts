/** What a PHP-FPM worker knows: its configuration, and the cloud's identity, with which it reaches the object store. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, type EmulatedRequest, Emulator, json } from "../servers/support/emulator";
import { describeSites, missingObjectStore } from "./support/sites";

const PROBE = readFileSync(join(__dirname, "support/probe.php"), "utf8");

/** The agent of EKS Pod Identity, which hands out the object store's own keys. */
class PodIdentityAgent extends Emulator {
  refused = 0;

  constructor(private readonly keys: { id: string; secret: string }) {
    super();
  }

  protected async answer({ url, headers }: EmulatedRequest): Promise<Answer> {
    if (url.pathname !== "/v1/credentials" || headers.authorization !== "token-of-the-pod") {
      this.refused++;
      return json(401, {});
    }
    return json(200, {
      AccessKeyId: this.keys.id,
      SecretAccessKey: this.keys.secret,
      Token: "session-token",
      AccountId: "123456789012",
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    });
  }
}

interface Probe {
  readonly sapi: string;
  readonly cfg: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly log?: string;
  readonly contentHash?: string;
}

describeSites("a PHP-FPM worker", (site) => {
  it("has the whole $CFG that the command line has", async () => {
    site.put("code/probe.php", PROBE);
    const response = await fetch(`${site.url}/probe.php`);
    const { sapi, cfg } = (await response.json()) as Probe;
    expect(sapi).toBe("fpm-fcgi");
    const script =
      "define('CLI_SCRIPT', true); require 'config.php'; echo json_encode($CFG, JSON_PARTIAL_OUTPUT_ON_ERROR);";
    const command = JSON.parse(await site.exec("moodle", "php", "-r", script)) as Record<string, unknown>;
    expect(Object.keys(cfg).sort()).toEqual(Object.keys(command).sort());
    const { upgradekey, ...rest } = cfg;
    expect(rest).toMatchObject({ ...command, upgradekey: undefined });
    expect(upgradekey).not.toBe(command.upgradekey);
  });
});

describeSites(
  "a PHP-FPM worker with the identity of a pod",
  (site) => {
    let agent: PodIdentityAgent;

    beforeAll(async () => {
      agent = await new PodIdentityAgent({
        id: site.secret("object-store/accessKeyId"),
        secret: site.secret("object-store/secretAccessKey"),
      }).start();
      // As in the cluster: no keys among the secrets.
      const token = site.put("pod-identity-token", "token-of-the-pod");
      await site.exec("cp", "--recursive", site.path("secrets"), site.path("secrets-without-keys"));
      await site.exec("rm", "--recursive", site.path("secrets-without-keys/object-store"));
      await site.up({
        MOODLE_SECRETS_DIR: site.path("secrets-without-keys"),
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${agent.port}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
      });
      site.put("code/probe.php", PROBE);
    });

    afterAll(async () => {
      await site.exec("rm", "--recursive", site.path("secrets-without-keys"));
      await site.up();
      await agent.stop();
    });

    it("sees the identity's variables, and uploads with the credentials that the agent gives", async () => {
      const response = await fetch(`${site.url}/probe.php?upload=1`);
      const { environment, log, contentHash = "" } = (await response.json()) as Probe;
      expect(environment).toMatchObject({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${agent.port}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: site.path("pod-identity-token"),
      });
      expect(log).not.toMatch(/error|exception/i);
      const object = site.path("objects/moodle", contentHash.slice(0, 2), contentHash.slice(2, 4), contentHash);
      expect(existsSync(object)).toBe(true);
      expect(agent.requests).toBeGreaterThan(0);
      expect(agent.refused).toBe(0);
    });
  },
  missingObjectStore,
);
