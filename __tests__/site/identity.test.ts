/** What a PHP-FPM worker knows: its configuration, and the cloud's identity, with which it reaches the object store. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PodIdentity } from "./support/pod-identity";
import { describeSites, missingObjectStore } from "./support/sites";

const PROBE = readFileSync(join(__dirname, "support/probe.php"), "utf8");

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
    const command = JSON.parse(await site.exec("moodle", "php", "-r", script));
    // A new one for each process, which nobody can know.
    const key = { upgradekey: expect.stringMatching(/^[0-9a-f]{32}$/) };
    // What only a worker keeps, and what Moodle itself makes of nothing on the web.
    const dboptions = { ...command.dboptions, dbpersist: true };
    const settings = { ...command.config_php_settings, ...key, dboptions };
    const onTheWeb = { sessioncookiepath: "/", dboptions };
    expect(cfg).toMatchObject({ ...command, ...key, ...onTheWeb, config_php_settings: settings });
    expect(cfg.upgradekey).not.toBe(command.upgradekey);
  });
});

describeSites(
  "a PHP-FPM worker with the identity of a pod",
  (site) => {
    let identity: PodIdentity;
    let token: string;

    beforeAll(async () => {
      identity = await new PodIdentity().start();
      token = site.put("pod-identity-token", identity.token);
      // As in the cluster: no keys among the secrets.
      const secrets = site.path("secrets-without-keys");
      await site.exec("cp", "--recursive", site.path("secrets"), secrets);
      await site.exec("rm", "--recursive", `${secrets}/object-store`);
      await site.up({
        ...identity.environment,
        MOODLE_SECRETS_DIR: secrets,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
      });
      site.put("code/probe.php", PROBE);
    });

    afterAll(async () => {
      await site.exec("rm", "--recursive", site.path("secrets-without-keys"));
      await site.up();
      await identity.stop();
    });

    it("sees the identity's variables, and uploads with the credentials that the agent gives", async () => {
      const response = await fetch(`${site.url}/probe.php?upload=1`);
      const { environment, log, contentHash = "" } = (await response.json()) as Probe;
      expect(environment).toMatchObject({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: identity.environment.AWS_CONTAINER_CREDENTIALS_FULL_URI,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
      });
      expect(log).toContain("local -> duplicated. Objects moved:");
      const object = `/moodle/${contentHash.slice(0, 2)}/${contentHash.slice(2, 4)}/${contentHash}`;
      expect(identity.objects.get(object)).toMatch(/^[0-9a-f]{2000}$/);
      expect(identity.faults).toEqual([]);
      expect(identity.credentials).toBeGreaterThan(0);
    });
  },
  missingObjectStore,
);
