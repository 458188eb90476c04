import { apply } from "./support/apply";
import { createNamespace, describeOnTestbed, kubectl } from "./support/testbed";

describeOnTestbed("testbed", () => {
  const namespace = "testbed";
  const pod = (container: object) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe" },
    spec: { containers: [{ name: "probe", image: "example.invalid/probe:1", ...container }] },
  });

  beforeAll(() => createNamespace(namespace));

  test("refuses a pod that Pod Security restricted refuses", async () => {
    await expect(apply(JSON.stringify(pod({})), namespace)).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  test("refuses an unknown field", async () => {
    await expect(apply(JSON.stringify(pod({ imagePolicy: "Always" })), namespace)).rejects.toThrow(/imagePolicy/);
  });

  test("knows the custom resources that the charts use", async () => {
    await kubectl([
      "wait",
      "--for=condition=Established",
      "crd/externalsecrets.external-secrets.io",
      "crd/httproutes.gateway.networking.k8s.io",
      "crd/targetgroupbindings.elbv2.k8s.aws",
    ]);
  });
});
