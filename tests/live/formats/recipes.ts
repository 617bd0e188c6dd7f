/** Images made by the programs that users have: qemu-img, cryptsetup, xorriso, sfdisk, mkfs. */

/** Debian packages of these programs. */
export const FORMAT_PACKAGES: readonly string[] = [
  "glance-api",
  "python3-cinder",
  "qemu-utils",
  "cryptsetup-bin",
  "xorriso",
  "fdisk",
  "dosfstools",
  "e2fsprogs",
  "xz-utils",
];

/** How to make an image: a name, which is also that of its file, and the commands. */
export interface Recipe {
  readonly name: string;
  /** Shell commands; `$image` is the image. */
  readonly commands: string;
}

const SECRET = "--object secret,id=key,data=secret";
const FAST_KEY = "encrypt.key-secret=key,encrypt.iter-time=10";

/** Of `qemu-img create`; each is one of 8 MiB unless its options say otherwise. */
const CREATED: Readonly<Record<string, string>> = {
  "raw": "-f raw",
  "qcow2": "-f qcow2",
  "qcow2-compat-0.10": "-f qcow2 -o compat=0.10",
  "qcow2-compat-1.1": "-f qcow2 -o compat=1.1",
  "qcow2-cluster-512": "-f qcow2 -o cluster_size=512",
  "qcow2-cluster-2M": "-f qcow2 -o cluster_size=2M",
  "qcow2-lazy-refcounts": "-f qcow2 -o lazy_refcounts=on",
  "qcow2-refcount-1": "-f qcow2 -o refcount_bits=1",
  "qcow2-refcount-64": "-f qcow2 -o refcount_bits=64",
  "qcow2-extended-l2": "-f qcow2 -o extended_l2=on,cluster_size=128k",
  "qcow2-zlib": "-f qcow2 -o compression_type=zlib",
  "qcow2-zstd": "-f qcow2 -o compression_type=zstd",
  "qcow2-preallocated": "-f qcow2 -o preallocation=metadata",
  "qcow2-full": "-f qcow2 -o preallocation=full",
  "qcow2-luks": `-f qcow2 ${SECRET} -o encrypt.format=luks,${FAST_KEY}`,
  "qcow2-luks-compat-0.10": `-f qcow2 ${SECRET} -o compat=0.10,encrypt.format=luks,${FAST_KEY}`,
  "qcow2-aes": `-f qcow2 ${SECRET} -o encrypt.format=aes,encrypt.key-secret=key`,
  "qcow2-backing-raw": "-f qcow2 -b raw -F raw",
  "qcow2-backing-qcow2": "-f qcow2 -b qcow2 -F qcow2",
  "qcow2-backing-compat-0.10": "-f qcow2 -o compat=0.10 -b qcow2 -F qcow2",
  "qcow2-data-file": "-f qcow2 -o data_file=qcow2-data-file.data",
  "qcow2-data-file-raw": "-f qcow2 -o data_file=qcow2-data-file.raw,data_file_raw=on",
  "qcow1": "-f qcow",
  "qcow1-backing": "-f qcow -b raw -F raw",
  "qed": "-f qed",
  "qed-backing": "-f qed -b raw -F raw",
  "vdi": "-f vdi",
  "vdi-static": "-f vdi -o static=on",
  "vpc": "-f vpc",
  "vpc-exact": "-f vpc -o force_size=on",
  "vpc-fixed": "-f vpc -o subformat=fixed",
  "vhdx": "-f vhdx",
  "vhdx-fixed": "-f vhdx -o subformat=fixed",
  "vhdx-blocks": "-f vhdx -o block_size=1M,log_size=2M",
  "vmdk": "-f vmdk",
  "vmdk-version-6": "-f vmdk -o compat6=on",
  "vmdk-scsi": "-f vmdk -o adapter_type=lsilogic,hwversion=10",
  "vmdk-zeroed-grain": "-f vmdk -o zeroed_grain=on",
  "vmdk-flat": "-f vmdk -o subformat=monolithicFlat",
  "vmdk-split-sparse": "-f vmdk -o subformat=twoGbMaxExtentSparse",
  "vmdk-split-flat": "-f vmdk -o subformat=twoGbMaxExtentFlat",
  "vmdk-stream": "-f vmdk -o subformat=streamOptimized",
  "vmdk-backing": "-f vmdk -b vmdk -F vmdk",
  "parallels": "-f parallels",
  "luks": `-f luks ${SECRET} -o key-secret=key,iter-time=10`,
};

/** The disk of the conversions and the file systems. */
const SOURCE = "content";

/** Of `qemu-img convert`, with data. */
const CONVERTED: Readonly<Record<string, string>> = {
  "qcow2-compressed": "-c -O qcow2",
  "qcow2-compressed-zstd": "-c -O qcow2 -o compression_type=zstd",
  "qcow2-data": "-O qcow2",
  "vmdk-data": "-O vmdk",
  "vmdk-stream-data": "-O vmdk -o subformat=streamOptimized",
  "vhdx-data": "-O vhdx",
  "vpc-data": "-O vpc",
  "vdi-data": "-O vdi",
  "qed-data": "-O qed",
};

const LUKS_FORMAT = "luksFormat --batch-mode --pbkdf-force-iterations 1000";

const OTHERS: readonly Recipe[] = [
  { name: "qcow2-huge", commands: "qemu-img create -q -f qcow2 -o cluster_size=2M $image 1E" },
  {
    name: "qcow2-backing-json",
    commands:
      `qemu-img create -q -u -f qcow2 -b 'json:{"file.filename":"/etc/passwd"}' -F raw $image 8M`,
  },
  { name: "qcow2-empty", commands: "qemu-img create -q -f qcow2 $image 0" },
  {
    name: "qcow2-snapshot",
    commands: "qemu-img create -q -f qcow2 $image 8M; qemu-img snapshot -c one $image",
  },
  {
    name: "qcow2-bitmap",
    commands: "qemu-img create -q -f qcow2 $image 8M; qemu-img bitmap --add $image one",
  },
  { name: "vmdk-split-sparse-extent", commands: "cp vmdk-split-sparse-s001 $image" },
  { name: "vmdk-flat-extent", commands: "cp vmdk-flat-flat $image" },
  {
    name: "vmdk-path-of-extent",
    commands: `sed 's:"vmdk":"/etc/hosts":' vmdk > $image; truncate -r vmdk $image`,
  },
  {
    name: "luks1",
    commands:
      `truncate -s 8M $image; printf secret | cryptsetup ${LUKS_FORMAT} --type luks1 $image -`,
  },
  {
    name: "luks2",
    commands:
      `truncate -s 20M $image; printf secret | cryptsetup ${LUKS_FORMAT} --type luks2 --pbkdf pbkdf2 $image -`,
  },
  { name: "iso", commands: "xorrisofs -quiet -o $image files" },
  { name: "iso-joliet", commands: "xorrisofs -quiet -J -R -V label -o $image files" },
  {
    name: "iso-hybrid",
    commands: "xorrisofs -quiet -partition_offset 16 --protective-msdos-label -o $image files",
  },
  {
    name: "iso-hybrid-gpt",
    commands:
      "xorrisofs -quiet -append_partition 2 0xef content -appended_part_as_gpt -o $image files",
  },
  { name: "iso-config-drive", commands: "xorrisofs -quiet -r -V config-2 -o $image files" },
  {
    name: "iso-as-qcow2",
    commands: "cp iso $image; dd if=qcow2 of=$image bs=512 count=1 conv=notrunc",
  },
  {
    name: "gpt",
    commands: "truncate -s 8M $image; printf 'label: gpt\\n,2M\\n,,\\n' | sfdisk -q $image",
  },
  { name: "gpt-empty", commands: "truncate -s 8M $image; echo label: gpt | sfdisk -q $image" },
  {
    name: "dos",
    commands: "truncate -s 8M $image; printf 'label: dos\\n,2M,L,*\\n,,\\n' | sfdisk -q $image",
  },
  {
    name: "dos-extended",
    commands:
      "truncate -s 8M $image; printf 'label: dos\\n,2M\\n,,E\\n,1M\\n,1M\\n' | sfdisk -q $image",
  },
  { name: "dos-empty", commands: "truncate -s 8M $image; echo label: dos | sfdisk -q $image" },
  { name: "sun", commands: "truncate -s 8M $image; echo label: sun | sfdisk -q $image" },
  { name: "fat12", commands: "mkfs.fat -F 12 -C $image 1440" },
  { name: "fat", commands: "mkfs.fat -C $image 8192" },
  { name: "fat32", commands: "mkfs.fat -F 32 -C $image 65536" },
  { name: "ext4", commands: "truncate -s 8M $image; mkfs.ext4 -q $image" },
  { name: "gzip", commands: "gzip -c qcow2 > $image" },
  { name: "xz", commands: "xz -c qcow2 > $image" },
  { name: "tar", commands: "tar -cf $image files" },
  { name: "text", commands: "cp files/user-data $image" },
  { name: "empty", commands: ": > $image" },
];

export const RECIPES: readonly Recipe[] = [
  { name: SOURCE, commands: "head -c 3M /dev/urandom > $image; truncate -s 8M $image" },
  ...Object.entries(CREATED).map(([name, options]) => ({
    name,
    commands: `qemu-img create -q ${options} $image${options.includes(" -b ") ? "" : " 8M"}`,
  })),
  ...Object.entries(CONVERTED).map(([name, options]) => ({
    name,
    commands: `qemu-img convert -f raw ${options} ${SOURCE} $image`,
  })),
  ...OTHERS,
];

/** Repeats `qemu-img`: its benchmark of key derivation fails at random where CPU time is coarse. */
const RETRY =
  'qemu-img() { for _ in 1 2 3 4 5; do command qemu-img "$@" && return; done; return 1; }';

/**
 * Makes all images in a directory.
 *
 * @throws {Error} with the output of the command that fails
 */
export async function makeImages(directory: string): Promise<void> {
  const lines = RECIPES.map(({ name, commands }) => `image=${name}; ${commands}`);
  const files = "mkdir files; echo '#cloud-config' > files/user-data";
  const script = ["set -eu", RETRY, files, ...lines].join("\n");
  const { success, stderr, stdout } = await new Deno.Command("bash", {
    args: ["-o", "pipefail", "-c", script],
    cwd: directory,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  }).output();
  const output = new TextDecoder().decode(new Uint8Array([...stdout, ...stderr]));
  if (!success) throw new Error(`Cannot make the images: ${output}`);
}
