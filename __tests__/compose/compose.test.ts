import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { UPSTREAM_IMAGES } from "../../constructs/versions";
import { configurationSchema } from "../../services/backup/src/configuration/schema";

interface Service {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: string[];
  readonly security_opt?: string[];
  readonly privileged?: boolean;
  readonly ports?: string[];
  readonly networks: string[];
  readonly volumes?: string[];
  readonly healthcheck?: { readonly test: string[] };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly secrets?: (string | { readonly source: string })[];
}

const root = join(__dirname, "../..");
const compose = parse(readFileSync(join(root, "compose/compose.yaml"), "utf8"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const services = Object.entries(compose.services);
const secretNames = (service: Service) =>
  (service.secrets ?? []).map((secret) => (typeof secret === "string" ? secret : secret.source));

describe.each(services)("%s", (name, service) => {
  it("runs as a numbered user that is not root, without privileges, on a read-only root", () => {
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service.privileged).toBeUndefined();
  });

  it("names its image by an exact tag", () => {
    expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-\w+)?$/);
  });

  it("is reached from this machine alone", () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it("keeps what it writes in named volumes", () => {
    for (const volume of service.volumes ?? []) expect(volume).toMatch(/^[a-z]+:\//);
  });

  it("gets secrets as files", () => {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/password|secret|key/i.test(variable))
        expect([variable, value]).toEqual([variable, expect.stringMatching(/^\/run\/secrets\//)]);
    }
    for (const secret of secretNames(service)) expect(Object.keys(compose.secrets)).toContain(secret);
  });

  // These serve nobody.
  if (!["cron", "install", "bucket", "backup"].includes(name)) {
    it("says whether it serves", () => {
      expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    });
  }
});

it("has the server on which drills restore", () => {
  const image = compose.services.postgresql?.image;
  expect(UPSTREAM_IMAGES.postgresql.repository).toMatch(/\/postgres$/);
  expect(image).toBe(`postgres:${UPSTREAM_IMAGES.postgresql.tag}`);
});

it("sets no variable that the image does not read", () => {
  const image = join(root, "images/moodle");
  const files = readdirSync(image, { recursive: true, encoding: "utf8" }).filter((path) => !path.endsWith(".md"));
  const texts = files.map((path) => join(image, path)).filter((path) => statSync(path).isFile());
  const known = new Set(texts.flatMap((path) => readFileSync(path, "utf8").match(/MOODLE_[A-Z_]+/g) ?? []));
  for (const variable of Object.keys(compose.services.install?.environment ?? {})) {
    expect([variable, known.has(variable)]).toEqual([variable, true]);
  }
});

it("backs up what the site has, by a configuration that the program takes", () => {
  const configuration = configurationSchema.parse(JSON.parse(readFileSync(join(root, "compose/backup.json"), "utf8")));
  const site = compose.services.cron?.environment ?? {};
  expect(configuration.database).toMatchObject({ host: site.MOODLE_DATABASE_HOST, name: site.MOODLE_DATABASE_NAME });
  expect(configuration.files?.objectStore).toMatchObject({
    bucket: site.MOODLE_OBJECT_STORE_BUCKET,
    endpoint: site.MOODLE_OBJECT_STORE_ENDPOINT,
  });
  const files = [configuration.signing.secretFile, configuration.database?.passwordFile];
  const mounted = secretNames(compose.services.backup as Service).map((name) => `/run/secrets/${name}`);
  expect(mounted).toEqual(expect.arrayContaining(files));
});

it("gives the administrator's password to the installation alone", () => {
  const holders = services.filter(([, service]) => secretNames(service).includes("administrator-password"));
  expect(holders.map(([name]) => name)).toEqual(["install"]);
});

it("keeps servers away from the network", () => {
  expect(compose.networks.servers).toEqual({ internal: true });
  for (const name of ["postgresql", "redis-sessions", "redis-cache", "object-store"]) {
    expect(compose.services[name]?.networks).toEqual(["servers"]);
  }
});

// Its plugin Compose is where Docker Engine is installed, such as on GitHub's runners.
const describeWithCompose = spawnSync("docker", ["compose", "version"]).status === 0 ? describe : describe.skip;

describeWithCompose("docker compose config", () => {
  const config = (profiles: readonly string[], environment = {}) => {
    const options = profiles.flatMap((profile) => ["--profile", profile]);
    const file = join(root, "compose/compose.yaml");
    const args = ["compose", "--file", file, ...options, "config", "--format", "json"];
    return JSON.parse(
      execFileSync("docker", args, { encoding: "utf8", env: { ...process.env, ...environment }, stdio: "pipe" }),
    );
  };

  it.each([
    ["without profiles", [], services.map(([name]) => name).filter((name) => name !== "backup")],
    ["with the profile of backups", ["backup"], services.map(([name]) => name)],
  ])("is accepted %s", (_, profiles, names) => {
    expect(Object.keys(config(profiles).services).sort()).toEqual(names.sort());
  });

  it("takes another port for the site, in its address as well", () => {
    const { nginx, cron } = config([], { MOODLE_PORT: "9000" }).services;
    expect(nginx.ports).toMatchObject([{ host_ip: "127.0.0.1", published: "9000", target: 8080 }]);
    expect(cron.environment.MOODLE_WWWROOT).toBe("http://localhost:9000");
  });
});

describe("make-secrets", () => {
  const folder = mkdtempSync(join(tmpdir(), "compose-"));
  const run = () => execFileSync(join(folder, "make-secrets"), { encoding: "utf8" });
  const read = () =>
    Object.fromEntries(
      readdirSync(join(folder, "secrets")).map((name) => [name, readFileSync(join(folder, "secrets", name), "utf8")]),
    );
  cpSync(join(root, "compose/make-secrets"), join(folder, "make-secrets"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("makes each secret that the site asks for, all of them different", () => {
    expect(run()).toContain("secrets/administrator-password");
    const made = read();
    const wanted = Object.values(compose.secrets).map(({ file }) => file.replace(/^secrets\//, ""));
    expect(Object.keys(made).sort()).toEqual(wanted.sort());
    const { "database-username": username, "object-store-credentials": credentials, ...random } = made;
    expect(username).toBe("moodle");
    expect(credentials).toBe(
      `[default]\naws_access_key_id = ${made["object-store-access-key-id"]}\n` +
        `aws_secret_access_key = ${made["object-store-secret-access-key"]}\n`,
    );
    expect(new Set(Object.values(random)).size).toBe(Object.keys(random).length);
    for (const value of Object.values(random)) expect(value).toMatch(/^[\w-]{32}$/);
  });

  it("never changes one that is there", () => {
    const before = read();
    run();
    expect(read()).toEqual(before);
  });

  it("lets only the owner enter the folder", () => {
    expect(statSync(join(folder, "secrets")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, "secrets"))) {
      expect(statSync(join(folder, "secrets", name)).mode & 0o777).toBe(0o444);
    }
  });
});
