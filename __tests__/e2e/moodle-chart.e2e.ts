import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import * as ports from "../support/ports";
import type { Resource } from "../support/template";
import {
  CHART,
  containersOf,
  everything,
  objectsOf,
  only,
  render,
  site,
  synthesize,
  template,
} from "./support/moodle-site";
import { describeOnTestbed, helm } from "./support/testbed";

const jobName = (objects: readonly Resource[]) =>
  objects.map(({ kind, metadata }) => kind === "Job" && metadata.name).find((name) => /-install-/.test(name));

const container = (objects: readonly Resource[], deployment: string, name: string) =>
  containersOf(only(objects, "Deployment", deployment).spec).find((one) => one.name === name) ?? {};

describeOnTestbed("charts/moodle", () => {
  const { values } = synthesize(site("sites"));
  const childrenFixed = { ...values, web: { ...values.web, phpFpm: { ...values.web.phpFpm, children: 24 } } };

  describe("as rendered", () => {
    let objects: Resource[];
    beforeAll(async () => {
      objects = await render(
        site("sites", { database: ports.database("postgresql", undefined, ["reader.example.edu"]) }),
      );
    });

    test("tells PHP-FPM what it may take, from which it has its children", () => {
      const { env } = container(objects, "moodle-web", "php-fpm");
      expect(env).toEqual([
        {
          name: "MOODLE_FPM_CPU_MILLICORES",
          valueFrom: { resourceFieldRef: { containerName: "php-fpm", resource: "requests.cpu", divisor: "1m" } },
        },
        {
          name: "MOODLE_FPM_MEMORY_MB",
          valueFrom: { resourceFieldRef: { containerName: "php-fpm", resource: "limits.memory", divisor: "1Mi" } },
        },
      ]);
    });

    test("takes another number of children instead", async () => {
      const { env } = container(objectsOf(await template("moodle", childrenFixed)), "moodle-web", "php-fpm");
      expect(env).toEqual([{ name: "MOODLE_FPM_CHILDREN", value: "24" }]);
    });

    test("runs as many tasks of each kind at a time as it has workers for them", async () => {
      const wide = await render(site("sites", { adhoc: { replicas: 3, memoryMb: 1024 } }));
      const concurrency = (name: string) =>
        container(wide, `moodle-${name}`, name).env.filter((one: Resource) => /CONCURRENCY/.test(one.name));
      expect(concurrency("cron")).toEqual([{ name: "MOODLE_CRON_CONCURRENCY", value: "2" }]);
      expect(concurrency("adhoc")).toEqual([{ name: "MOODLE_ADHOC_CONCURRENCY", value: "3" }]);
      expect(only(wide, "ConfigMap", "moodle-configuration").data.MOODLE_ADHOC_WORKERS).toBe("separate");
    });

    test("leaves ad-hoc tasks to cron where they have no workers of their own", async () => {
      const small = await render(site("sites", { adhoc: { replicas: 0, memoryMb: 1024 } }));
      expect(small.map(({ metadata }) => metadata.name)).not.toContain("moodle-adhoc");
      expect(only(small, "ConfigMap", "moodle-configuration").data).not.toHaveProperty("MOODLE_ADHOC_WORKERS");
      expect(container(small, "moodle-cron", "cron").env).toContainEqual({
        name: "MOODLE_ADHOC_CONCURRENCY",
        value: "2",
      });
    });

    test("starts scheduled tasks by a CronJob in place of workers, one Job after the other", async () => {
      const timed = await render(site("sites", { cron: { trigger: "cron-job", replicas: 3, memoryMb: 1024 } }));
      const crons = timed.filter(({ metadata }) => metadata.name === "moodle-cron").map(({ kind }) => kind);
      expect(crons).toEqual(["CronJob"]);
      const { schedule, concurrencyPolicy, jobTemplate } = only(timed, "CronJob", "moodle-cron").spec;
      expect({ schedule, concurrencyPolicy }).toEqual({ schedule: "* * * * *", concurrencyPolicy: "Forbid" });
      expect(jobTemplate.spec).toMatchObject({ parallelism: 3, completions: 3 });
      const [wait, cron] = containersOf(jobTemplate.spec);
      expect([wait?.command, cron?.command]).toEqual([
        ["moodle", "wait"],
        ["moodle", "cron", "--once"],
      ]);
      expect(cron?.env).toEqual([
        { name: "MOODLE_CRON_KEEP_ALIVE", value: "0" },
        { name: "MOODLE_CRON_CONCURRENCY", value: "3" },
      ]);
    });

    test("holds web pods and workers back until the database has their schema", () => {
      for (const name of ["moodle-web", "moodle-cron", "moodle-adhoc"]) {
        const { initContainers } = only(objects, "Deployment", name).spec.template.spec;
        expect(initContainers.map(({ command }: Resource) => command)).toEqual([["moodle", "wait"]]);
      }
    });

    test("shows the administrator's password to the install Job alone", () => {
      const readers = objects.filter((object) => JSON.stringify(object.spec?.template ?? {}).includes("adminPassword"));
      expect(readers.map(({ metadata }) => metadata.name)).toEqual([jobName(objects)]);
    });

    test("asks for disk wherever it asks for memory, and may fill no more than its volumes hold", async () => {
      const pods = (await render(site("sites", everything))).flatMap(({ spec }) => spec?.template ?? []);
      const without = pods
        .flatMap((pod) => containersOf({ template: pod }))
        .filter(({ resources }) => resources.requests?.["ephemeral-storage"] === undefined);
      expect(without.map(({ name }) => name)).toEqual([]);
      const volumes = pods.flatMap(({ spec }) => spec.volumes).filter(({ emptyDir }) => emptyDir !== undefined);
      expect(volumes.filter(({ emptyDir }) => emptyDir.sizeLimit === undefined)).toEqual([]);
    });

    test("keeps what an installation has said for three days", () => {
      const job = only(objects, "Job", jobName(objects));
      expect(job.spec.ttlSecondsAfterFinished).toBe(3 * 24 * 3600);
    });

    test("puts no secret into the environment", () => {
      expect(JSON.stringify(objects)).not.toContain("secretKeyRef");
      expect(JSON.stringify(objects)).not.toContain("secretRef");
    });

    test("gives no pod a token for the cluster's API", async () => {
      const pods = (await render(site("sites", everything))).flatMap(({ spec }) => spec?.template?.spec ?? []);
      expect(pods).toHaveLength(7);
      for (const pod of pods) expect(pod.automountServiceAccountToken).toBe(false);
    });

    test("writes to nothing but volumes, as user and group 33", () => {
      const pods = objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
      for (const { securityContext, containers, initContainers = [] } of pods) {
        expect(securityContext).toMatchObject({ runAsUser: 33, runAsGroup: 33, fsGroup: 33 });
        for (const container of [...containers, ...initContainers]) {
          expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
        }
      }
    });

    test("gives containers the environment that its README describes, in all and no more", async () => {
      const variants = await Promise.all([
        render(site("sites", { ...everything, objectStore: { ...ports.gcs, keyPrefix: "faculty/" } })),
        render(site("sites", { database: { ...ports.database("mysql", "vault", ["reader"]), fetchBuffer: 0 } })),
        template("moodle", childrenFixed).then(objectsOf),
      ]);
      const given = variants
        .flat()
        .flatMap(({ kind, metadata, data, spec }) => [
          ...(kind === "ConfigMap" && metadata.name === "moodle-configuration" ? Object.keys(data) : []),
          ...containersOf(spec).flatMap(({ env = [] }) => env.map(({ name }: Resource) => name)),
        ]);
      const rows = readFileSync(join(CHART, "README.md"), "utf8").split("The environment of every container")[1] ?? "";
      const described = Array.from(rows.matchAll(/`((?:MOODLE|AWS)_[A-Z_]+)`/g), ([, name]) => name);
      expect([...new Set(given)].filter((name) => !name.startsWith("SERVICE_")).sort()).toEqual(described.sort());
    });

    test("installs anew when the image or the configuration changes, and only then", async () => {
      const name = jobName(objects);
      const others = await Promise.all(
        [
          { image: "registry.example.edu/moodle:0.2.0" },
          { domain: "learn.example.edu" },
          { database: ports.database("postgresql") },
        ].map((change) =>
          render(
            site("sites", { database: ports.database("postgresql", undefined, ["reader.example.edu"]), ...change }),
          ),
        ),
      );
      expect(new Set([name, ...others.map(jobName)]).size).toBe(4);
      const scaled = await render(
        site("sites", {
          database: ports.database("postgresql", undefined, ["reader.example.edu"]),
          web: { minReplicas: 4, maxReplicas: 9, cpu: 4, memoryMb: 8192 },
        }),
      );
      expect(jobName(scaled)).toBe(name);
    });

    test("tells Google's load balancer how to ask, and filters by its policy", async () => {
      const onGoogle = await render(site("sites", { route: ports.httpRoute }));
      const targetRef = { group: "", kind: "Service", name: "moodle-web" };
      expect(only(onGoogle, "HealthCheckPolicy", "moodle").spec).toMatchObject({
        targetRef,
        default: { config: { httpHealthCheck: { requestPath: "/health" } } },
      });
      expect(only(onGoogle, "GCPBackendPolicy", "moodle").spec).toMatchObject({
        targetRef,
        default: { securityPolicy: "moodle-staging-1" },
      });
    });

    test("gives a slow upload an hour on Google's load balancer, whose limit holds for the whole request", async () => {
      const onGoogle = await render(site("sites", { route: ports.httpRoute }));
      expect(only(onGoogle, "GCPBackendPolicy", "moodle").spec.default.timeoutSec).toBe(3600);
    });

    test.each([
      [256, "8Gi"],
      [1025, "9Gi"],
      [4096, "32Gi"],
    ])("has room on a node for eight uploads of %d MiB at once", async (maxUploadMb, sizeLimit) => {
      const { volumes } = only(await render(site("sites", { maxUploadMb })), "Deployment", "moodle-web").spec.template
        .spec;
      const limits = (volumes as Resource[]).filter(({ name }) => ["tmp", "local", "nginx-tmp"].includes(name));
      expect(limits.map(({ emptyDir }) => emptyDir)).toEqual([{ sizeLimit }, { sizeLimit }, { sizeLimit }]);
    });

    test("tells Google's load balancer how to ask where nothing filters, too", async () => {
      const open = await render(site("sites", { route: { ...ports.httpRoute, gke: {} } }));
      expect(only(open, "HealthCheckPolicy", "moodle").spec.default.config.httpHealthCheck.requestPath).toBe("/health");
      expect(only(open, "GCPBackendPolicy", "moodle").spec.default).not.toHaveProperty("securityPolicy");
    });
  });

  describe("as checked by its schema", () => {
    test.each<[string, unknown, RegExp]>([
      ["an unknown value", { ...values, replicas: 3 }, /additional properties 'replicas'/],
      ["an unknown value further down", { ...values, web: { ...values.web, replicas: 3 } }, /additional properties/],
      ["a tag beside a digest", { ...values, image: { ...values.image, digest: `sha256:${"a".repeat(64)}` } }, /image/],
      ["an image of no version", { ...values, image: { repository: "moodle" } }, /image/],
      ["readers without a role", { ...values, database: { ...values.database, readerHosts: ["r"] } }, /readerSecret/],
      ["a route of an unknown kind", { ...values, route: { kind: "node-port" } }, /route/],
      [
        "an object store without TLS",
        { ...values, objectStore: { ...values.objectStore, endpoint: "http://s3" } },
        /endpoint/,
      ],
    ])("refuses %s", async (_, wrong, reason) => {
      await expect(template("moodle", wrong)).rejects.toThrow(reason);
    });

    test("accepts the example of its README", async () => {
      const [, example] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(CHART, "README.md"), "utf8")) ?? [];
      await expect(template("moodle", parse(example ?? ""))).resolves.toContain("MOODLE_WWWROOT");
    });

    test("passes helm lint", async () => {
      const all = synthesize(site("sites", everything)).values;
      await expect(helm(["lint", CHART, "--strict", "--values", "-"], { input: stringify(all) })).resolves.toContain(
        "0 chart(s) failed",
      );
    });

    test("refuses a release name that leaves no room for suffixes", async () => {
      await expect(template("m".repeat(41), values)).rejects.toThrow(/longer than 40 characters/);
    });
  });
});
