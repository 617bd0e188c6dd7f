import { assertEquals, assertStringIncludes } from "@std/assert";
import { seededBytes } from "../../support/seed.ts";
import { addImage, IGNORED, PageInChromium, shareChromium } from "./page_in_chromium.ts";

shareChromium();

const DATA = seededBytes(3_000_000, 1);

/** Opens the details of an image with data. */
async function openImage(image: Record<string, unknown> = {}) {
  let id = "";
  const opened = await PageInChromium.open({
    prepare: async (glance) => {
      id = await addImage(glance, { name: "disk", visibility: "shared", ...image }, DATA);
      const headers = { "content-type": "application/json" };
      const definition = {
        namespace: "OS::Compute::Test",
        visibility: "public",
        resource_type_associations: [{ name: "OS::Glance::Image", prefix: "hw_" }],
        properties: {
          bus: {
            title: "Disk bus",
            description: "How disks connect.",
            type: "string",
            enum: ["scsi"],
          },
        },
      };
      const body = JSON.stringify(definition);
      await glance("/v2/metadefs/namespaces", { method: "POST", headers, body });
    },
  });
  await opened.page.getByRole("link", { name: "disk", exact: true }).click();
  await opened.page.getByRole("button", { name: "Edit" }).waitFor();
  const record = async () => await (await opened.glance(`/v2/images/${id}`)).json();
  return { opened, page: opened.page, id, record };
}

Deno.test("EditForm() changes an image, with hints from the metadata definitions", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, record } = await openImage({ os_type: "linux" });
  await using _ = opened;
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Name", { exact: true }).fill("renamed");
  await page.getByRole("combobox", { name: "Visibility" }).last().selectOption("private");
  await page.getByLabel("Tags, separated by commas").fill("lts, x86");
  await page.getByLabel("Protected from deletion").check();
  await page.getByRole("button", { name: "Remove property 1" }).click();
  await page.getByRole("button", { name: "Add a property" }).click();
  await page.getByLabel("Name of property 1").fill("hw_bus");
  await page.getByText("How disks connect.").waitFor();
  assertEquals(await page.locator("#values-0 option").getAttribute("value"), "scsi");
  await page.getByLabel("Value of property 1").fill("scsi");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "renamed" }).waitFor();
  await page.getByRole("link", { name: "renamed", exact: true }).waitFor();
  const { name, visibility, tags, hw_bus, os_type, ...rest } = await record();
  assertEquals([name, visibility, tags.toSorted(), hw_bus, os_type, rest.protected], [
    "renamed",
    "private",
    ["lts", "x86"],
    "scsi",
    undefined,
    true,
  ]);
  // An error appears next to its cause.
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByLabel("to delete the image").fill("renamed");
  await page.getByRole("button", { name: "Delete" }).click();
  const text = await page.locator("form").getByRole("alert").textContent();
  assertStringIncludes(text ?? "", "Cannot delete image");
  assertEquals(opened.problems.splice(0).length, 1);
});

Deno.test("Members() shares an image, and accepts, rejects and removes members", {
  ignore: IGNORED,
}, async () => {
  const { opened, page } = await openImage();
  await using _ = opened;
  await page.getByLabel("Project to share with").fill("project-b");
  await page.getByRole("button", { name: "Share" }).click();
  const members = page.locator(".members");
  await members.getByText("pending").waitFor();
  await page.getByRole("button", { name: "Accept for project-b" }).click();
  await members.getByText("accepted").waitFor();
  await page.getByRole("button", { name: "Reject for project-b" }).click();
  await members.getByText("rejected").waitFor();
  await page.getByRole("button", { name: "Remove project-b" }).click();
  await page.getByText("No project yet.").waitFor();
});

Deno.test("ImageActions() deactivates, reactivates, and deletes after the name was typed", {
  ignore: IGNORED,
}, async () => {
  const { opened, page, record } = await openImage();
  await using _ = opened;
  const summary = page.locator(".summary");
  await page.getByRole("button", { name: "Deactivate" }).click();
  await summary.getByText("Deactivated").waitFor();
  await page.getByRole("button", { name: "Reactivate" }).click();
  await summary.getByText("Active").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  const confirm = page.getByRole("button", { name: "Delete" });
  await page.getByLabel("to delete the image").fill("dis");
  assertEquals([await confirm.isDisabled(), (await record()).status], [true, "active"]);
  await page.getByLabel("to delete the image").fill("disk");
  await confirm.click();
  await page.getByText("There are no images here.").waitFor();
  assertEquals((await opened.glance("/v2/images").then((response) => response.json())).images, []);
});
