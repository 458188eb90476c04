import { ProjectService } from "@cdktf/provider-google/lib/project-service";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

export interface ProjectServicesProps {
  readonly project: string;
  /** @default what the other constructs of this folder use */
  readonly services?: readonly string[];
}

const SERVICES = [
  "artifactregistry",
  "billingbudgets",
  "certificatemanager",
  "cloudkms",
  "cloudresourcemanager",
  "compute",
  "container",
  "containersecurity",
  "dns",
  "file",
  "gkebackup",
  "iam",
  "iamcredentials",
  "logging",
  "monitoring",
  "redis",
  "secretmanager",
  "servicedirectory",
  "serviceusage",
  "sqladmin",
  "storage",
  "sts",
];

/** The APIs of a project. They stay on when the stack is destroyed: others in the project may use them. */
export class ProjectServices extends Construct {
  /** Every other resource of the project waits for these. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: ProjectServicesProps) {
    super(scope, id);
    this.ready = (props.services ?? SERVICES).map(
      (service) =>
        new ProjectService(this, service, {
          project: props.project,
          service: `${service}.googleapis.com`,
          disableOnDestroy: false,
        }),
    );
  }
}
