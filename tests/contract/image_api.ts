/**
 * The contract of the Image API v2: a list of checks in raw HTTP. Each check is independent of
 * other content of the cloud and removes what it creates. `since`, `until`, and `needs` define the
 * clouds it applies to; `reasonToSkip` describes why it does not.
 */

import { CACHE_CHECKS } from "./cache_checks.ts";
import type { Check } from "./check.ts";
import { CREATE_CHECKS } from "./create_checks.ts";
import { DATA_CHECKS } from "./data_checks.ts";
import { DISCOVERY_CHECKS } from "./discovery_checks.ts";
import { IMAGE_CHECKS } from "./image_checks.ts";
import { IMPORT_CHECKS } from "./import_checks.ts";
import { LIST_CHECKS } from "./list_checks.ts";
import { LOCATION_CHECKS } from "./location_checks.ts";
import { MEMBER_CHECKS } from "./member_checks.ts";
import { METADEF_CHECKS } from "./metadef_checks.ts";
import { METADEF_LIST_CHECKS } from "./metadef_list_checks.ts";
import { METADEF_PART_CHECKS } from "./metadef_part_checks.ts";
import { METADEF_SCHEMA_CHECKS } from "./metadef_schema_checks.ts";
import { METADEF_TAG_CHECKS } from "./metadef_tag_checks.ts";
import { PATCH_CHECKS } from "./patch_checks.ts";
import { READ_ONLY_STORE_CHECKS } from "./read_only_store_checks.ts";
import { SCHEMA_CHECKS } from "./schema_checks.ts";
import { TASK_CHECKS } from "./task_checks.ts";
import { TEXT_CHECKS } from "./text_checks.ts";
import { WEB_IMPORT_CHECKS } from "./web_import_checks.ts";

export { type Check, reasonToSkip } from "./check.ts";
export type { Facts, Publication, Target, Who } from "./target.ts";

export const IMAGE_API_CHECKS: readonly Check[] = [
  ...DISCOVERY_CHECKS,
  ...CREATE_CHECKS,
  ...IMAGE_CHECKS,
  ...PATCH_CHECKS,
  ...LIST_CHECKS,
  ...DATA_CHECKS,
  ...MEMBER_CHECKS,
  ...IMPORT_CHECKS,
  ...WEB_IMPORT_CHECKS,
  ...READ_ONLY_STORE_CHECKS,
  ...LOCATION_CHECKS,
  ...TASK_CHECKS,
  ...CACHE_CHECKS,
  ...SCHEMA_CHECKS,
  ...METADEF_CHECKS,
  ...METADEF_LIST_CHECKS,
  ...METADEF_PART_CHECKS,
  ...METADEF_TAG_CHECKS,
  ...METADEF_SCHEMA_CHECKS,
  ...TEXT_CHECKS,
];
