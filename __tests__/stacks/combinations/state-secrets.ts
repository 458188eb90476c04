/** What secrets land in the state: compared with the list in `docs/state-secrets.md`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Combinations } from "../../support/stacks";
import type { Resource } from "../../support/template";

/**
 * Sensitive attributes that are not write-only, of every kind of resource in use, as the plugins' own schemas name them
 * (`terraform providers schema -json`). A trailing `!` marks one that the plugin always reads back.
 */
const SENSITIVE: Readonly<Record<string, readonly string[]>> = {
  aws_acm_certificate: ["private_key"],
  aws_codebuild_webhook: ["secret!"],
  aws_db_instance: ["password"],
  aws_elasticache_replication_group: ["auth_token"],
  aws_lb_listener: ["default_action.authenticate_oidc.client_secret"],
  aws_lb_listener_rule: ["action.authenticate_oidc.client_secret"],
  aws_rds_cluster: ["master_password"],
  aws_s3_bucket_object_lock_configuration: ["token"],
  aws_secretsmanager_secret_version: ["secret_binary", "secret_string"],
  google_certificate_manager_certificate: ["self_managed.pem_private_key", "self_managed.private_key_pem"],
  google_container_cluster: ["master_auth.client_key!"],
  google_monitoring_notification_channel: [
    "sensitive_labels.auth_token",
    "sensitive_labels.password",
    "sensitive_labels.service_key",
  ],
  google_redis_instance: ["auth_string!"],
  google_secret_manager_secret_version: ["secret_data"],
  google_sql_database_instance: ["root_password", "server_ca_cert!", "replica_configuration.password"],
  google_storage_hmac_key: ["secret!"],
  helm_release: ["repository_password", "set_sensitive.value"],
  kubernetes_secret_v1: ["data"],
  random_password: ["bcrypt_hash!", "result!"],
};

export function stateSecrets(cloud: Cloud, all: Combinations): void {
  test("the state holds the secrets that the documentation lists, and no other", () => {
    const stored = new Set<string>();
    for (const template of all().flatMap(({ environment, bootstrap }) => [environment, bootstrap])) {
      for (const [type, attributes] of Object.entries(SENSITIVE)) {
        for (const resource of template.resources(type)) {
          for (const attribute of attributes) {
            const path = attribute.replace("!", "");
            if (attribute.endsWith("!") || isSet(resource, path.split("."))) stored.add(`${type}.${path}`);
          }
        }
      }
    }
    const page = readFileSync(join(__dirname, "../../../docs/state-secrets.md"), "utf8");
    const listed = [...page.matchAll(/^\| `([a-z0-9_.]+)` \| (\w+) \|/gm)]
      .filter(([, , where]) => where === (cloud === "aws" ? "AWS" : "Google"))
      .map(([, attribute]) => attribute);
    expect([...stored].sort()).toEqual(listed.sort());
  });
}

function isSet(value: Resource | undefined, [key, ...rest]: readonly string[]): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.some((one) => isSet(one, key === undefined ? [] : [key, ...rest]));
  return key === undefined || isSet(value[key], rest);
}
