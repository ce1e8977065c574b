# image NAME TREE CONFIG ARCHIVE: an image of one layer, the files below TREE, as an archive that containerd imports. CONFIG is its "config" as JSON.
image() {
  local work layer config arch
  work=$(mktemp -d)
  mkdir "$work/layer"
  tar -C "$2" --sort=name --owner=0 --group=0 --mtime=@0 -cf "$work/layer/layer.tar" .
  layer=$(sha256sum "$work/layer/layer.tar" | cut -d' ' -f1)
  case $(uname -m) in aarch64) arch=arm64 ;; armv7l) arch=arm ;; *) arch=amd64 ;; esac
  printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$arch" "$3" "$layer" > "$work/config"
  config=$(sha256sum "$work/config" | cut -d' ' -f1).json
  mv "$work/config" "$work/$config"
  printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer/layer.tar"]}]' "$config" "$1" > "$work/manifest.json"
  tar -C "$work" -cf "$4.partial" .
  mv "$4.partial" "$4"
  rm -rf "$work"
}
