package org.k3sjvm.server.api.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.tree.Trees;

class PatchTest {
  private static ObjectNode json(String text) {
    return Trees.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode strategic(String type, String object, String patch) {
    return new Patch.Strategic(Schema.builtIn(), type, json(patch)).apply(json(object));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // RFC 7386, appendix A
        "{'a':'b'}               | {'a':'c'}            | {'a':'c'}",
        "{'a':'b'}               | {'b':'c'}            | {'a':'b','b':'c'}",
        "{'a':'b','b':'c'}       | {'a':null}           | {'b':'c'}",
        "{'a':['b']}             | {'a':'c'}            | {'a':'c'}",
        "{'a':{'b':'c'}}         | {'a':{'b':'d','c':null}} | {'a':{'b':'d'}}",
        "{}                      | {'a':{'bb':{'ccc':null}}} | {'a':{'bb':{}}}",
      })
  void aMergePatchFollowsItsRfc(String object, String patch, String result) {
    assertThat(new Patch.Merge(json(patch)).apply(json(object))).isEqualTo(json(result));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a':1} | [{'op':'add','path':'/b~1c','value':2}] | {'a':1,'b/c':2}",
        "{'a':[1,3]} | [{'op':'add','path':'/a/1','value':2}] | {'a':[1,2,3]}",
        "{'a':[1]} | [{'op':'add','path':'/a/-','value':2}] | {'a':[1,2]}",
        "{'a':[1,2]} | [{'op':'remove','path':'/a/0'}] | {'a':[2]}",
        "{'a':1} | [{'op':'test','path':'/a','value':1},{'op':'replace','path':'/a','value':3}]"
            + " | {'a':3}",
        "{'a':1} | [{'op':'move','from':'/a','path':'/b'}] | {'b':1}",
        "{'a':1} | [{'op':'copy','from':'/a','path':'/b'}] | {'a':1,'b':1}",
      })
  void aJsonPatchFollowsItsRfc(String object, String patch, String result) {
    ArrayNode operations = (ArrayNode) json("{'p':" + patch + "}").get("p");

    assertThat(new Patch.Json(operations).apply(json(object))).isEqualTo(json(result));
  }

  @Test
  void aJsonPatchWhoseTestFailsIsRefused() {
    ArrayNode operations = (ArrayNode) json("{'p':[{'op':'test','path':'/a','value':2}]}").get("p");

    assertThatThrownBy(() -> new Patch.Json(operations).apply(json("{'a':1}")))
        .isInstanceOf(PatchException.class);
  }

  @Test
  void containersAreMergedByNameAndKeepWhatThePatchDoesNotName() {
    assertThat(
            strategic(
                "core.v1.Pod",
                "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}]}}",
                "{'spec':{'containers':[{'name':'b','image':'z'},{'name':'c','image':'w'}]}}"))
        .isEqualTo(
            json(
                "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'z'},"
                    + "{'name':'c','image':'w'}]}}"));
  }

  @Test
  void anElementIsDeletedAndTheOrderIsSet() {
    assertThat(
            strategic(
                "core.v1.Pod",
                "{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'x'}]}}",
                "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'n'}],"
                    + "'containers':[{'name':'a','$patch':'delete'},{'name':'n'}]}}"))
        .isEqualTo(json("{'spec':{'containers':[{'name':'b'},{'name':'x'},{'name':'n'}]}}"));
  }

  @Test
  void aListWithAReplaceDirectiveIsReplacedWhole() {
    assertThat(
            strategic(
                "core.v1.Node",
                "{'status':{'addresses':[{'type':'InternalIP','address':'1'}]}}",
                "{'status':{'addresses':[{'type':'InternalIP','address':'2'},"
                    + "{'type':'InternalIP','address':'3'},{'$patch':'replace'}]}}"))
        .isEqualTo(
            json(
                "{'status':{'addresses':[{'type':'InternalIP','address':'2'},"
                    + "{'type':'InternalIP','address':'3'}]}}"));
  }

  @Test
  void retainedKeysAreKeptAndTheOthersGo() {
    assertThat(
            strategic(
                "apps.v1.Deployment",
                "{'spec':{'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1}}}}",
                "{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}"))
        .isEqualTo(json("{'spec':{'strategy':{'type':'Recreate'}}}"));
  }

  @Test
  void primitivesAreUnitedAndDeletedByDirective() {
    assertThat(
            strategic(
                "core.v1.Pod",
                "{'metadata':{'finalizers':['a','b']}}",
                "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a'],'finalizers':['c']}}"))
        .isEqualTo(json("{'metadata':{'finalizers':['b','c']}}"));
  }

  @Test
  void listsWithoutMergeKeyAndNullsBehaveAsInAMergePatch() {
    assertThat(
            strategic(
                "core.v1.Pod",
                "{'spec':{'tolerations':[{'key':'a'}],'nodeName':'n','nodeSelector':{'a':'b'}}}",
                "{'spec':{'tolerations':[{'key':'b'}],'nodeName':null,"
                    + "'nodeSelector':{'a':null,'c':'d'}}}"))
        .isEqualTo(json("{'spec':{'tolerations':[{'key':'b'}],'nodeSelector':{'c':'d'}}}"));
  }

  @Test
  void copiesOfCopiesAreRefusedBeforeTheyFillTheMemory() {
    StringBuilder operations = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      operations.append(i == 0 ? "" : ",");
      operations.append("{'op':'copy','from':'','path':'/a%d'}".formatted(i));
    }
    ArrayNode patch = (ArrayNode) json("{'all':[" + operations + "]}").get("all");
    assertThatThrownBy(() -> new Patch.Json(patch).apply(json("{'a':1}")))
        .isInstanceOf(PatchException.class)
        .hasMessageContaining("copies too much");
  }
}
