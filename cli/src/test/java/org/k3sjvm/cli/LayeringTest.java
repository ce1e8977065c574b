package org.k3sjvm.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The arrows of docs/ARCHITECTURE.md that Maven cannot hold. */
class LayeringTest {
  private static JavaClasses production;

  @BeforeAll
  static void read() {
    production =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.k3sjvm");
  }

  @Test
  void fakesStayOutOfProduction() {
    noClasses()
        .that()
        .resideOutsideOfPackages("..testing..", "..cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.k3sjvm..testing..")
        .because("a fake would be shipped as if it were real")
        .check(production);
  }

  @Test
  void librariesStopAtTheirAdapter() {
    noClasses()
        .that()
        .resideOutsideOfPackages("org.k3sjvm.cri..", "runtime.v1..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.grpc..")
        .because("the CRI port speaks our own records")
        .check(production);
    noClasses()
        .that()
        .resideOutsideOfPackages("org.k3sjvm.cri..", "runtime.v1..")
        .and()
        .doNotHaveFullyQualifiedName("org.k3sjvm.kubelet.probe.GrpcCall")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("com.google.protobuf..")
        .because("the CRI port speaks our own records; a probe asks one question of its own")
        .check(production);
    noClasses()
        .that()
        .resideOutsideOfPackages("org.k3sjvm.http..", "org.k3sjvm.cri..")
        .and()
        .doNotHaveFullyQualifiedName("org.k3sjvm.kubelet.probe.GrpcCall")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.netty..")
        .because("two modules own Netty; a probe takes its reader of HTTP/2 headers")
        .check(production);
    noClasses()
        .that()
        .resideOutsideOfPackages("org.k3sjvm.server..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.sql..")
        .because("an agent keeps its state in files")
        .check(production);
  }

  @Test
  void systemCallsLiveInOneModule() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.k3sjvm.linux..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .because("what we ask of the host is asked in one place")
        .check(production);
  }

  @Test
  void featuresDoNotKnowEachOther() {
    slices()
        .matching(
            "org.k3sjvm.(kubelet|flannel|serviceproxy|networkpolicy|containerd|join|lb|tunnel)..")
        .should()
        .notDependOnEachOther()
        .because("the agent introduces them")
        .check(production);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("org.k3sjvm.(*)..").should().beFreeOfCycles().check(production);
  }

  @Test
  void everyPackageSaysWhatItIsFor() {
    classes()
        .that()
        .resideInAPackage("org.k3sjvm..")
        .and()
        .resideOutsideOfPackage("org.k3sjvm.cri.proto..") // generated
        .should(PackageInfo.EXIST)
        .because("a newcomer reads package-info.java first")
        .check(production);
  }
}
