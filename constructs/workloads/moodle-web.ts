import type { Release } from "@cdktf/provider-helm/lib/release";
import { Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { MoodleClusterInput } from "../../services/api/src/moodle-cluster";
import { ChartRelease } from "../core/chart-release";
import { refuse } from "../core/errors";
import { isGuarded, type Protection } from "../core/protection";
import type { SharedFileSystem } from "../ports";
import type { MoodleOperator } from "./moodle-operator";
import { type MoodleSite, moodleValues, type SiteVolume } from "./moodle-values";
import { sharedVolume } from "./shared-volume";

export interface MoodleWebProps extends MoodleSite {
  /** First part of the volume's name, which is the cluster's: such as `moodle-staging-1`. */
  readonly name: string;
  /** The file system that all pods share. */
  readonly files: SharedFileSystem;
  /** Name of the release and of its objects, for several sites in one namespace; up to 40 characters. @default moodle */
  readonly releaseName?: string;
  /**
   * `protected` keeps the claim when the release goes and refuses to destroy the volume; the others let both go.
   * What is on the file system is not touched either way.
   * @default "protected"
   */
  readonly protection?: Protection;
  /**
   * Who releases the site. Terraform waits until it serves; the operator goes on when Terraform has written a
   * MoodleCluster, whose name is that of the release, and keeps the site so from then on.
   * @default Terraform
   */
  readonly operator?: MoodleOperator;
  /** Seconds that Helm waits for the site: nodes, the image and the installation of the database. @default 1800 */
  readonly timeout?: number;
  /**
   * What must exist first beside what the other properties bring along: the namespace, the secret stores, the
   * database's roles, and the controller of the route.
   */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Seconds for nodes, the image and the installation of the database. */
const READY_TIMEOUT = 1800;

/**
 * A Moodle site: its shared volume and a release of `charts/moodle`.
 *
 * The release is ready when the site is: web pods wait for the Job that installs or upgrades the database. A first
 * installation that fails is mended and applied again.
 */
export class MoodleWeb extends Construct {
  /** Claim of the shared volume, in the identity's namespace. */
  readonly filesClaimName: string;
  /** Service of the web pods, port 8080. */
  readonly serviceName: string;
  /** What uses the claim or the site depends on these. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: MoodleWebProps) {
    super(scope, id);
    this.check(props);
    const { cluster, identity, database, redis, objectStore, files, releaseName = "moodle" } = props;
    const guarded = isGuarded(props.protection);
    const volumeName = `${props.name}-${releaseName}`;

    const volume = sharedVolume(this, {
      name: volumeName,
      files,
      lifecycle: { preventDestroy: guarded },
      dependsOn: cluster.ready,
    });
    const { release } = new ChartRelease(this, "site", {
      ...this.site(props, { name: volumeName, capacityGb: files.capacityGb, retain: guarded }),
      namespace: identity.namespace,
      timeout: props.timeout ?? READY_TIMEOUT,
      dependsOn: [
        volume,
        ...cluster.ready,
        ...identity.ready,
        ...database.ready,
        ...redis.sessions.ready,
        ...redis.cache.ready,
        ...(objectStore?.ready ?? []),
        ...(props.operator?.ready ?? []),
        ...props.dependsOn,
      ],
    });
    this.filesClaimName = MoodleWeb.claimName(releaseName);
    this.serviceName = `${releaseName}-web`;
    this.ready = props.knative === undefined || props.operator !== undefined ? [release] : this.wait(props, release);
  }

  /** Helm does not wait for a Knative Service. */
  private wait({ identity, releaseName = "moodle", timeout = READY_TIMEOUT }: MoodleWebProps, site: Release) {
    const { release } = new ChartRelease(this, "wait", {
      chart: { local: "knative-wait" },
      releaseName: `${releaseName}-wait`,
      namespace: identity.namespace,
      values: {
        service: this.serviceName,
        subject: Fn.sha256(Fn.jsonencode([site.chart, site.values])),
        timeoutSeconds: timeout - 60,
      },
      timeout,
      dependsOn: [site],
    });
    return [release];
  }

  /** The claim of a release, for what is made before it. */
  static claimName(releaseName = "moodle"): string {
    return `${releaseName}-data`;
  }

  /** The site's own chart, or the resource from which the operator releases that chart with the same values. */
  private site(props: MoodleWebProps, volume: SiteVolume) {
    const { releaseName = "moodle", operator } = props;
    const values = moodleValues(props, volume);
    if (operator === undefined) return { chart: { local: "moodle" }, releaseName, values };
    const spec: MoodleClusterInput = { values, deletionPolicy: volume.retain ? "Retain" : "Delete" };
    return {
      chart: { local: "moodle-cluster" },
      releaseName: `${releaseName}-cluster`,
      values: { name: releaseName, spec },
    };
  }

  private check({
    releaseName = "moodle",
    image,
    web,
    knative,
    antivirus,
    maxUploadMb = 256,
    monitoring,
  }: MoodleWebProps): void {
    const { path } = this.node;
    if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(releaseName)) {
      refuse(path, {
        path: "releaseName",
        given: releaseName,
        allowed: "1 to 40 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        remedy: "choose another name",
      });
    }
    if (!/(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$/.test(image)) {
      refuse(path, {
        path: "image",
        given: image,
        allowed: "a reference that ends in a tag or in a sha256 digest",
        remedy: "name the version, such as registry.example.edu/moodle:0.1.0",
      });
    }
    if (antivirus && maxUploadMb > 2000) {
      refuse(path, {
        path: "maxUploadMb",
        given: maxUploadMb,
        allowed: "2000 or less with antivirus, which scans no larger file",
        remedy: "lower maxUploadMb or turn antivirus off",
      });
    }
    if (web === undefined) {
      if (knative === undefined) return;
      refuse(path, {
        path: "web",
        given: web,
        allowed: "the size of the pods with knative, from which the requests follow that one of them answers",
        remedy: "give web",
      });
    }
    if (web.autoscaling !== undefined && knative !== undefined) {
      refuse(path, {
        path: "web.autoscaling",
        given: web.autoscaling,
        allowed: "nothing with knative, which scales by requests under way",
        remedy: "leave web.autoscaling out",
      });
    }
    if (web.autoscaling !== undefined && monitoring === undefined) {
      refuse(path, {
        path: "web.autoscaling",
        given: web.autoscaling,
        allowed: "with monitoring, which counts the workers",
        remedy: "give monitoring, or leave web.autoscaling out",
      });
    }
    if (web.minReplicas > web.maxReplicas) {
      refuse(path, {
        path: "web.maxReplicas",
        given: web.maxReplicas,
        allowed: `minReplicas (${web.minReplicas}) or more`,
        remedy: "raise maxReplicas or lower minReplicas",
      });
    }
    if (web.cpu < 0.5 || web.memoryMb < 1024) {
      refuse(path, {
        path: "web",
        given: { cpu: web.cpu, memoryMb: web.memoryMb },
        allowed: "0.5 processors and 1024 MiB a pod, or more",
        remedy: "give the pods what Moodle needs",
      });
    }
  }
}
