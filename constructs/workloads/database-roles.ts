import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ChartRelease } from "../core/chart-release";
import type { ClusterAccess, DatabaseEndpoint, SecretRef, SecretStore, WorkloadIdentity } from "../ports";
import { storeLocations, storePeers } from "./secret-stores";

/** A secret whose keys are filled with random values, where it does not hold them yet. */
export interface GeneratedSecret {
  readonly secret: SecretRef;
  readonly keys: readonly string[];
}

export interface DatabaseRolesProps {
  readonly cluster: ClusterAccess;
  /** Identity of the Job: it writes the secrets named here and acts as the database's administrator. */
  readonly identity: WorkloadIdentity;
  readonly database: DatabaseEndpoint;
  /** Stores that the secrets name. */
  readonly stores: readonly SecretStore[];
  /** Further secrets that are born in the cluster. @default none */
  readonly generated?: readonly GeneratedSecret[];
  /** Reference of the image, by digest or tag. */
  readonly image: string;
  /** What must exist first beside cluster, identity and database: the namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The Job that makes Moodle's roles in the database and keeps their passwords in the secret store, so that Terraform
 * never sees one. It runs with every change of its release and changes nothing that is as it should be; a release whose
 * Job failed is simply applied again.
 */
export class DatabaseRoles extends Construct {
  /** What asks for the secrets depends on these. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: DatabaseRolesProps) {
    super(scope, id);
    const { cluster, identity, database } = props;
    const { release } = new ChartRelease(this, "job", {
      chart: { local: "database-roles" },
      namespace: identity.namespace,
      values: {
        image: props.image,
        serviceAccountName: identity.serviceAccountName,
        caCertificates: database.caCertificates,
        config: {
          engine: database.engine,
          host: database.host,
          port: database.port,
          database: database.databaseName,
          administrator: database.administrator,
          roles: database.secrets,
          generated: props.generated ?? [],
          stores: storeLocations(props.stores),
        },
        network: {
          databaseCidrs: database.cidrs,
          identityEndpoints: cluster.identityEndpoints,
          vault: storePeers(props.stores),
        },
      },
      // The Job gives up after 15 minutes; before that, its image may have to wait for a node.
      timeout: 1200,
      dependsOn: [...cluster.ready, ...identity.ready, ...database.ready, ...props.dependsOn],
    });
    this.ready = [release];
  }
}
